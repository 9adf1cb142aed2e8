export { type Figure, type PlanBasis, planFigures, type TeacherBasis } from './figures.js';
export {
  checkRows,
  type KnownReplies,
  type OpenQuestions,
  type Survey,
  type SurveyPorts,
  surveyRun,
  type TeacherSurvey,
} from './survey.js';
export { type TokenRate, tokenRate } from './token-rate.js';
