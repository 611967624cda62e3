import { type Command, defineCommand } from "../cli/command.ts";
import { type ParsedRunOptions, RUN_USAGE, runNotes, runOptions } from "../run/run-options.ts";

export const filesOptions = {
  slow: {
    value: "MILLISECONDS",
    help: "also print each operation that takes at least so long, when it ends: 0.001 to 3600000",
  },
  fs: {
    value: "TYPE[,TYPE]...",
    repeatable: true,
    help: "only files on file systems of these types, as /proc/filesystems names them: ext4,tmpfs",
  },
  json: {
    help: "print one JSON object on standard output, with --slow after one on a line of its own for each slow operation, and all else, what COMMAND prints included, on standard error",
  },
} as const;

export type FilesOptions = ParsedRunOptions<typeof filesOptions>;

export const filesCommand: Command = defineCommand({
  name: "files",
  summary: "which files are read and written, and what fails",
  usage: RUN_USAGE,
  description: [
    "Counts what the processes of this machine do with files, and prints for each process and file how often it was read and written, how many bytes were really moved, and how long that took. Sockets, pipes and what has no path are summed up below; then come the files that failed most often, with the error. On a terminal the tables are refreshed each second. Without -p, --cgroup or COMMAND: every process.",
    "COMMAND is started by Skep, and what it and its descendants do is counted from the execve that starts it to the last exit.",
  ],
  options: { ...runOptions, ...filesOptions },
  takesCommand: true,
  notes: [
    "Memory-mapped files are read and written without a system call, and so are not seen; nor is what goes through sockets by send, recv and their like.",
    ...runNotes("the result was written"),
  ],
  examples: [
    { command: "skep files", does: "every file of every process, refreshed until Ctrl-C" },
    { command: "skep files --slow 10 --fs ext4,xfs -d 60", does: "what waits for the disk for 10 ms or longer" },
    {
      command: "skep files --json -- make 2>/dev/null | jq '.files[] | select(.errors.ENOENT)'",
      does: "what a build looks for in vain",
    },
  ],
  run: async ({ options, command }) => {
    const { runFiles } = await import("./run-files.ts");
    return await runFiles(options, command);
  },
});
