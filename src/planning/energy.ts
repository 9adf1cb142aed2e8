/** The energy of a teacher's replies. Nobody meters it for customers, so it is a wide range between two published fits. */

/** Billions of parameters that work on each token. */
type Billions = number;

/** Power usage effectiveness of the data centre: total over computing energy, as EcoLogits assumes it. */
const PUE = 1.2;
/** Requests that a server answers at once, in the lower estimate. */
const BATCH = 64;

/** kWh of the GPUs, with the data centre's overhead, for so many tokens of reply. Prompts cost little beside them and are left out.
 *  Low: EcoLogits 0.9, fitted on ML.ENERGY measurements, (a e^(b B) P + c) Wh a token at B = 64 requests at once; high: EcoLogits
 *  0.4, fitted on the LLM-Perf leaderboard without batching, (a P + b) Wh (https://ecologits.ai, methodology of LLM inference). */
export function replyEnergyKwh(outputTokens: number, activeParameters: Billions): { low: number; high: number } {
  const batched =
    1.1665273170451914e-6 * Math.exp(-0.011205921025579175 * BATCH) * activeParameters + 4.052928146734005e-5;
  const alone = 8.91e-5 * activeParameters + 1.43e-3;
  return { low: (outputTokens * batched * PUE) / 1000, high: (outputTokens * alone * PUE) / 1000 };
}
