export { type Figure, type PlanBasis, planFigures } from './figures.js';
export { type KnownReplies, type Survey, type SurveyPorts, surveyRun } from './survey.js';
export { type TokenRate, tokenRate } from './token-rate.js';
