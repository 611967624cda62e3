import { configCheckCommand, configPrintDefaultCommand } from "../config/config-commands.ts";
import { doctorCommand } from "../doctor/doctor-command.ts";
import { filesCommand } from "../files/files-command.ts";
import { httpCommand } from "../http/http-command.ts";
import { networkCommand } from "../network/network-command.ts";
import { processesCommand } from "../processes/processes-command.ts";
import { profileCommand } from "../profile/profile-command.ts";
import { runCommand } from "../service/run-command.ts";
import { syscallsCommand } from "../syscalls/syscalls-command.ts";
import type { Command } from "./command.ts";

/** Every command, in the order of `skep --help`. */
export const commands: readonly Command[] = [
  runCommand,
  profileCommand,
  syscallsCommand,
  processesCommand,
  filesCommand,
  networkCommand,
  httpCommand,
  doctorCommand,
  configCheckCommand,
  configPrintDefaultCommand,
];
