import { createAnnotateActivities } from './annotate.js';
import { createBatchActivities } from './annotate-batches.js';
import { createChooseActivities } from './choose-student.js';
import { createControlActivities } from './control.js';
import type { Dependencies } from './dependencies.js';
import { createDeployActivities } from './deploy.js';
import { createDistillActivities } from './distill.js';
import { createCurveActivities } from './draw-curve.js';
import { createEvaluateActivities } from './evaluate.js';
import { withFailureTypes } from './failures.js';
import { createNotifyActivities } from './notify.js';
import { createPrepareActivities } from './prepare.js';
import { createReviewActivities } from './review.js';
import { createReviseActivities } from './revise.js';
import { createVoteActivities } from './vote.js';

export type { Dependencies } from './dependencies.js';

/** All activities, by the role of the workers that run them. */
export function createActivities(dependencies: Dependencies) {
  return {
    orchestrator: withFailureTypes({
      ...createControlActivities(dependencies),
      ...createVoteActivities(),
      ...createDeployActivities(dependencies),
      ...createNotifyActivities(dependencies),
    }),
    teacher: withFailureTypes({
      ...createPrepareActivities(dependencies),
      ...createReviseActivities(dependencies),
      ...createAnnotateActivities(dependencies),
      ...createBatchActivities(dependencies),
    }),
    student: withFailureTypes({
      ...createReviewActivities(),
      ...createDistillActivities(),
      ...createChooseActivities(),
      ...createCurveActivities(),
      ...createEvaluateActivities(),
    }),
  };
}

export type OrchestratorActivities = ReturnType<typeof createActivities>['orchestrator'];
export type TeacherActivities = ReturnType<typeof createActivities>['teacher'];
export type StudentActivities = ReturnType<typeof createActivities>['student'];
