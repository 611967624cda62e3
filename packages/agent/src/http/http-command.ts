import { type Command, defineCommand } from "../cli/command.ts";
import { type ParsedRunOptions, RUN_USAGE, runNotes, runOptions } from "../run/run-options.ts";

export const httpOptions = {
  follow: {
    help: "print a line for each request when it is over, and the table at the end",
  },
  "keep-query": {
    help: "keep the queries of URLs, which may hold secrets: with --follow and --json",
  },
  "no-tls": {
    help: "leave out what goes over TLS: to look at it costs a process about 1.5 us for each call of its TLS library",
  },
  json: {
    help: "print a JSON object for each request, and a last one that sums up, each on a line of standard output, and all else, what COMMAND prints included, on standard error",
  },
} as const;

export type HttpOptions = ParsedRunOptions<typeof httpOptions>;

export const httpCommand: Command = defineCommand({
  name: "http",
  summary: "HTTP and gRPC requests: how many, how fast, what fails",
  usage: RUN_USAGE,
  description: [
    "Follows the requests that the processes of this machine send and serve, whenever their connections were opened, and prints for each service (the processes of one name), route and class of status how many there were, how many a second, and how long half, 90 % and 99 % of them took at most. On a terminal the table is refreshed each second. Without -p, --cgroup or COMMAND: every process.",
    'What goes over TLS is read where OpenSSL, BoringSSL or GnuTLS get and give it, in programs that run already, too; no key is needed. What Go, Java and rustls encrypt by themselves is not seen. "skep doctor" lists the files that are read.',
    "COMMAND is started by Skep, and it and its descendants are followed from the execve that starts it to the last exit.",
  ],
  options: { ...runOptions, ...httpOptions },
  takesCommand: true,
  notes: [
    "A request counts when it is over, once on each side: where both are on this machine, once as the server's and once as the client's. Errors are statuses from 500 on, for clients from 400 on, what the client or the server gave up, and gRPC statuses that mean failure. A route is a guess: the parts of a path that look like numbers or ids are {id}.",
    "What is not known is left out, never guessed: on a connection of HTTP/2 that was there before, the method of the first requests, say.",
    "No body is kept, and of the headers Host, User-Agent and traceparent alone; queries and passwords in URLs are removed, see --keep-query. A process that uses TLS more than 20,000 times a second is let go, and the result says so.",
    ...runNotes("the result was written"),
  ],
  examples: [
    { command: "skep http", does: "every service of this machine, refreshed until Ctrl-C" },
    { command: "skep http --follow -p 4242", does: "each request that one process sends or serves" },
    {
      command: "skep http --json -d 60 | jq -c 'select(.side == \"server\" and .status >= 500)'",
      does: "what servers failed at in a minute",
    },
  ],
  run: async ({ options, command }) => {
    const { runHttp } = await import("./run-http.ts");
    return await runHttp(options, command);
  },
});
