/** ELF's own constants (System V ABI, "Object Files"; values as in glibc's `elf.h`). */

/** `e_type`. */
export const ET_EXEC = 2;
export const ET_DYN = 3;

/** `e_machine`. */
export const EM_386 = 3;
export const EM_ARM = 40;
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const EM_RISCV = 243;

/** `p_type`, `p_flags`. */
export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const PF_X = 1;
export const PF_R = 4;

/** `e_phnum` where the real count is `sh_info` of section 0. */
export const PN_XNUM = 0xffff;

/** `sh_type`, `sh_flags`, special section indexes. */
export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_DYNSYM = 11;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHF_COMPRESSED = 0x800;
export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const SHN_XINDEX = 0xffff;

/** `ch_type`. */
export const ELFCOMPRESS_ZLIB = 1;
export const ELFCOMPRESS_ZSTD = 2;

/** `st_info` and `st_other`. */
export const STT_NOTYPE = 0;
export const STT_FUNC = 2;
export const STT_GNU_IFUNC = 10;
export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;
export const STV_INTERNAL = 1;
export const STV_HIDDEN = 2;

export const NT_GNU_BUILD_ID = 3;

/** `e_ident[EI_CLASS]`. */
export const ELFCLASS32 = 1;
export const ELFCLASS64 = 2;

/** Sizes of the structures: of 64-bit files, then of 32-bit ones. */
export const EHDR_SIZE = 64;
export const PHDR_SIZE = 56;
export const SHDR_SIZE = 64;
export const SYM_SIZE = 24;
export const CHDR_SIZE = 24;
export const PHDR32_SIZE = 32;
export const SHDR32_SIZE = 40;
export const SYM32_SIZE = 16;
