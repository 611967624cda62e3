import { configCheckCommand, configPrintDefaultCommand } from "../config/config-commands.ts";
import { doctorCommand } from "../doctor/doctor-command.ts";
import { profileCommand } from "../profile/profile-command.ts";
import type { Command } from "./command.ts";

/** Every command, in the order of `skep --help`. */
export const commands: readonly Command[] = [
  profileCommand,
  doctorCommand,
  configCheckCommand,
  configPrintDefaultCommand,
];
