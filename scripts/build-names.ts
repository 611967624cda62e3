/** `npm run build:names`: writes the names of system calls and errors, as the newest kernel's headers have them. */

import { writeFileSync } from "node:fs";
import { say } from "./command.ts";
import { namesModule, readKernelNames, renderModule } from "./kernel-names.ts";
import { fromRoot } from "./repository.ts";

const names = readKernelNames();
writeFileSync(fromRoot(namesModule), renderModule(names));
say(`Wrote ${namesModule} from linux-libc-dev ${names.version}`);
