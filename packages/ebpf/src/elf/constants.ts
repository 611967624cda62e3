/** Numbers of the ELF format that this library reads; names as in the System V ABI and `elf.h`. */

/** `e_type`. */
export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;

/** `e_machine`. */
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const EM_BPF = 247;

/** `sh_type`. */
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_DYNSYM = 11;

/** `sh_flags`. */
export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;

/** `p_type`. */
export const PT_LOAD = 1;
export const PT_NOTE = 4;

/** `p_flags`. */
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

/** Special section indexes (`st_shndx`). */
export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const SHN_ABS = 0xfff1;
export const SHN_COMMON = 0xfff2;
export const SHN_XINDEX = 0xffff;

/** Symbol types: low 4 bits of `st_info`. */
export const STT_NOTYPE = 0;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_SECTION = 3;
export const STT_FILE = 4;
export const STT_GNU_IFUNC = 10;

/** Symbol bindings: high 4 bits of `st_info`. */
export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;

/** Symbol visibility: low 2 bits of `st_other`. */
export const STV_INTERNAL = 1;
export const STV_HIDDEN = 2;

/** Note types of owner `GNU`. */
export const NT_GNU_BUILD_ID = 3;
