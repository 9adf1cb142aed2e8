export { annotation } from './annotation.js';
export { classification } from './classification.js';
export { distillation } from './distillation.js';
export { learningCurve } from './learning-curve.js';
export { redistillation } from './redistillation.js';
export { review } from './review.js';
