import type { Dependencies } from './dependencies.js';
import { withFailureTypes } from './failures.js';

export type { Dependencies } from './dependencies.js';

/** All activities, by the role of the workers that run them. A process loads those of its own roles: all of them together
 *  take most of a second. */
export const createActivities = {
  async orchestrator(dependencies: Dependencies) {
    const [control, vote, deploy, notify] = await Promise.all([
      import('./control.js'),
      import('./vote.js'),
      import('./deploy.js'),
      import('./notify.js'),
    ]);
    return withFailureTypes({
      ...control.createControlActivities(dependencies),
      ...vote.createVoteActivities(),
      ...deploy.createDeployActivities(dependencies),
      ...notify.createNotifyActivities(dependencies),
    });
  },

  async teacher(dependencies: Dependencies) {
    const [prepare, revise, annotate, batches] = await Promise.all([
      import('./prepare.js'),
      import('./revise.js'),
      import('./annotate.js'),
      import('./annotate-batches.js'),
      import('../teachers/index.js').then(({ loadHttpTeachers }) => loadHttpTeachers()),
    ]);
    return withFailureTypes({
      ...prepare.createPrepareActivities(dependencies),
      ...revise.createReviseActivities(dependencies),
      ...annotate.createAnnotateActivities(dependencies),
      ...batches.createBatchActivities(dependencies),
    });
  },

  async student(dependencies: Dependencies) {
    const [review, distill, choose, curve, evaluate, classify] = await Promise.all([
      import('./review.js'),
      import('./distill.js'),
      import('./choose-student.js'),
      import('./draw-curve.js'),
      import('./evaluate.js'),
      import('./classify.js'),
    ]);
    return withFailureTypes({
      ...review.createReviewActivities(),
      ...distill.createDistillActivities(),
      ...choose.createChooseActivities(),
      ...curve.createCurveActivities(),
      ...evaluate.createEvaluateActivities(),
      ...classify.createClassifyActivities(dependencies),
    });
  },
};

export type OrchestratorActivities = Awaited<ReturnType<typeof createActivities.orchestrator>>;
export type TeacherActivities = Awaited<ReturnType<typeof createActivities.teacher>>;
export type StudentActivities = Awaited<ReturnType<typeof createActivities.student>>;
