/** Runs one command of the command line in this process, as the shell would, and catches what it prints. */
import { Command } from 'commander';

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** Throws what the command throws; a CommanderError where the arguments are refused. */
export async function runCommand(register: (program: Command) => void, args: readonly string[]): Promise<Printed> {
  const printed = { stdout: '', stderr: '' };
  const program = new Command('tutelage')
    .version('0.0.0')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        printed.stderr += text;
      },
    });
  register(program);
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += String(text);
      return true;
    }),
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return printed;
  } catch (error) {
    if (error instanceof Error) Object.assign(error, { printed });
    throw error;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
