export { annotation } from './annotation.js';
export { distillation } from './distillation.js';
export { redistillation } from './redistillation.js';
export { review } from './review.js';
