import { type Command, defineCommand } from "../cli/command.ts";
import { type ParsedRunOptions, RUN_USAGE, runNotes, runOptions } from "../run/run-options.ts";

export const networkOptions = {
  "no-datagrams": {
    help: "leave out UDP and DNS: then no system call is looked at but accept",
  },
  "no-packets": {
    help: "leave out interfaces and dropped packets, which are left out with -p, --cgroup and COMMAND anyway: a packet is nobody's",
  },
  json: {
    help: "print a JSON object for each connection that is opened, fails or ends and each query of DNS, and a last one that sums up, each on a line of standard output, and all else, what COMMAND prints included, on standard error",
  },
} as const;

export type NetworkOptions = ParsedRunOptions<typeof networkOptions>;

export const networkCommand: Command = defineCommand({
  name: "network",
  summary: "connections, UDP, DNS, interfaces: who, with whom",
  usage: RUN_USAGE,
  description: [
    "Shows the connections of this machine's processes, in all network namespaces, with what they sent and received, their round-trip time and what was sent again, as the kernel counts it: those that were there before and those to come, TCP and Unix sockets. Then those that ended or failed, with how; the sockets that listen, and how many connections wait there to be accepted; queries of DNS; interfaces, and the packets that were thrown away, with the kernel's reason. Datagrams of UDP are among the connections. On a terminal the tables are refreshed each second. Without -p, --cgroup or COMMAND: every process.",
    "COMMAND is started by Skep, and it and its descendants are watched from the execve that starts it to the last exit.",
  ],
  options: { ...runOptions, ...networkOptions },
  takesCommand: true,
  notes: [
    "An arrow points to the server. SENT and RECV are what a connection carried since it was opened, /s is of the last second, and in the last table of the whole run. RTT is TCP's smoothed round-trip time. Terminals of 100 columns and more show the state of a connection, its age and what was sent again, too.",
    ...runNotes("the result was written"),
  ],
  examples: [
    { command: "skep network", does: "every connection, refreshed until Ctrl-C" },
    { command: "skep network -d 10 -- curl -s https://example.com", does: "what a command does over the network" },
    {
      command: "skep network --json -d 60 | jq -c 'select(.event == \"failed\")'",
      does: "what could not be connected to in a minute, and why",
    },
  ],
  run: async ({ options, command }) => {
    const { runNetwork } = await import("./run-network.ts");
    return await runNetwork(options, command);
  },
});
