/**
 * A program of some 300 bytes that starts another one as the child of its own parent, once it is told to, and
 * looks at the clock when that begins and when it ends.
 *
 * A process begins its account of peak memory with what its parent has, for until its `exec` it is a copy of it
 * (`setmax_mm_hiwater_rss` in fs/exec.c). Started by Node.js itself, no command would use less than Node.js: some
 * 50 MiB. Forked from here it starts from nothing and pays for no copy of Node.js' memory, and is still our own
 * child (`CLONE_PARENT`), with our process group, signals and descriptors. Its process is there before its `exec`,
 * so that counters can be opened on it. The clock is read at once, too, whatever Node.js is busy with.
 *
 * Its arguments: a character, '0' + the number of a descriptor; the program's path; the program's `argv`. Through
 * the descriptor, a socket which the program does not get, go 64-bit words (times are of CLOCK_MONOTONIC):
 *
 *     process ID              of the child, which now waits for anything to be sent; it leaves where the socket is
 *                             closed instead
 *     seconds, nanoseconds    right before the `exec`
 *     −errno                  where the `exec` failed
 *     0                       once it is done or has failed, or the child was killed before (`CLONE_VFORK`)
 *     seconds, nanoseconds    when the process has ended; not before Linux 5.3
 */

/** Machine code in hexadecimal, with what it says. System calls: arch/x86/entry/syscalls/syscall_64.tbl. */
const X64 = `
  4889e3             movq %rsp, %rbx
  4883ec20           subq $32, %rsp
  488b4310           movq 16(%rbx), %rax       # argv[1]: '0' + the descriptor
  0fb628             movzbl (%rax), %ebp
  83ed30             subl $48, %ebp
  b838000000         movl $56, %eax            # clone(CLONE_PARENT | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)
  bf11c00000         movl $49169, %edi
  31f6               xorl %esi, %esi
  31d2               xorl %edx, %edx
  4531d2             xorl %r10d, %r10d
  4531c0             xorl %r8d, %r8d
  0f05               syscall
  85c0               testl %eax, %eax
  0f8490000000       je child
  4189c4             movl %eax, %r12d
  48c7042400000000   movq $0, (%rsp)
  48c7442408ffffffff movq $-1, 8(%rsp)
  b80e000000         movl $14, %eax            # rt_sigprocmask(SIG_BLOCK, all, 0, 8)
  31ff               xorl %edi, %edi
  488d742408         leaq 8(%rsp), %rsi
  31d2               xorl %edx, %edx
  41ba08000000       movl $8, %r10d
  0f05               syscall
  b801000000         movl $1, %eax             # write(descriptor, sp, 8)
  89ef               movl %ebp, %edi
  4889e6             movq %rsp, %rsi
  ba08000000         movl $8, %edx
  0f05               syscall
  b8b2010000         movl $434, %eax           # pidfd_open(pid, 0)
  4489e7             movl %r12d, %edi
  31f6               xorl %esi, %esi
  0f05               syscall
  85c0               testl %eax, %eax
  783c               js leave
  890424             movl %eax, (%rsp)
  c744240401000000   movl $1, 4(%rsp)
  b80f010000         movl $271, %eax           # ppoll({pidfd, POLLIN}, 1, 0, 0)
  4889e7             movq %rsp, %rdi
  be01000000         movl $1, %esi
  31d2               xorl %edx, %edx
  4531d2             xorl %r10d, %r10d
  0f05               syscall
  b8e4000000         movl $228, %eax           # clock_gettime(CLOCK_MONOTONIC, sp)
  bf01000000         movl $1, %edi
  4889e6             movq %rsp, %rsi
  0f05               syscall
  b801000000         movl $1, %eax             # write(descriptor, sp, 16)
  89ef               movl %ebp, %edi
  ba10000000         movl $16, %edx
  0f05               syscall
  b8e7000000         movl $231, %eax           # leave: exit_group(0)
  31ff               xorl %edi, %edi
  0f05               syscall
  b848000000         movl $72, %eax            # child: fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  89ef               movl %ebp, %edi
  be02000000         movl $2, %esi
  ba01000000         movl $1, %edx
  0f05               syscall
  b827000000         movl $39, %eax            # getpid()
  0f05               syscall
  48890424           movq %rax, (%rsp)
  b801000000         movl $1, %eax             # write(descriptor, sp, 8)
  89ef               movl %ebp, %edi
  4889e6             movq %rsp, %rsi
  ba08000000         movl $8, %edx
  0f05               syscall
  31c0               xorl %eax, %eax           # read(descriptor, sp, 8)
  0f05               syscall
  85c0               testl %eax, %eax
  7ec0               jle leave
  b8e4000000         movl $228, %eax           # clock_gettime(CLOCK_MONOTONIC, sp)
  bf01000000         movl $1, %edi
  0f05               syscall
  b801000000         movl $1, %eax             # write(descriptor, sp, 16)
  89ef               movl %ebp, %edi
  ba10000000         movl $16, %edx
  0f05               syscall
  b83b000000         movl $59, %eax            # execve(argv[2], argv + 3, environment)
  488b7b18           movq 24(%rbx), %rdi
  488d7320           leaq 32(%rbx), %rsi
  488b0b             movq (%rbx), %rcx
  488d54cb10         leaq 16(%rbx,%rcx,8), %rdx
  0f05               syscall
  48890424           movq %rax, (%rsp)
  b801000000         movl $1, %eax             # write(descriptor, sp, 8)
  89ef               movl %ebp, %edi
  4889e6             movq %rsp, %rsi
  ba08000000         movl $8, %edx
  0f05               syscall
  e975ffffff         jmp leave`;

/** System calls: include/uapi/asm-generic/unistd.h. */
const ARM64 = `
  f3030091 mov x19, sp
  ff8300d1 sub sp, sp, #32
  740a40f9 ldr x20, [x19, #16]                 # argv[1]: '0' + the descriptor
  94024039 ldrb w20, [x20]
  94c20051 sub w20, w20, #48
  881b80d2 mov x8, #220                        # clone(CLONE_PARENT | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)
  200298d2 mov x0, #49169
  010080d2 mov x1, #0
  020080d2 mov x2, #0
  030080d2 mov x3, #0
  040080d2 mov x4, #0
  010000d4 svc #0
  000500b4 cbz x0, child
  f50300aa mov x21, x0
  01008092 mov x1, #-1
  ff0700a9 stp xzr, x1, [sp]
  e81080d2 mov x8, #135                        # rt_sigprocmask(SIG_BLOCK, all, 0, 8)
  000080d2 mov x0, #0
  e1230091 add x1, sp, #8
  020080d2 mov x2, #0
  030180d2 mov x3, #8
  010000d4 svc #0
  080880d2 mov x8, #64                         # write(descriptor, sp, 8)
  e003142a mov w0, w20
  e1030091 mov x1, sp
  020180d2 mov x2, #8
  010000d4 svc #0
  483680d2 mov x8, #434                        # pidfd_open(pid, 0)
  e00315aa mov x0, x21
  010080d2 mov x1, #0
  010000d4 svc #0
  4002f8b7 tbnz x0, #63, leave
  21008052 mov w1, #1
  e0070029 stp w0, w1, [sp]
  280980d2 mov x8, #73                         # ppoll({pidfd, POLLIN}, 1, 0, 0)
  e0030091 mov x0, sp
  210080d2 mov x1, #1
  020080d2 mov x2, #0
  030080d2 mov x3, #0
  010000d4 svc #0
  280e80d2 mov x8, #113                        # clock_gettime(CLOCK_MONOTONIC, sp)
  200080d2 mov x0, #1
  e1030091 mov x1, sp
  010000d4 svc #0
  080880d2 mov x8, #64                         # write(descriptor, sp, 16)
  e003142a mov w0, w20
  e1030091 mov x1, sp
  020280d2 mov x2, #16
  010000d4 svc #0
  c80b80d2 mov x8, #94                         # leave: exit_group(0)
  000080d2 mov x0, #0
  010000d4 svc #0
  280380d2 mov x8, #25                         # child: fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  e003142a mov w0, w20
  410080d2 mov x1, #2
  220080d2 mov x2, #1
  010000d4 svc #0
  881580d2 mov x8, #172                        # getpid()
  010000d4 svc #0
  e00300f9 str x0, [sp]
  080880d2 mov x8, #64                         # write(descriptor, sp, 8)
  e003142a mov w0, w20
  e1030091 mov x1, sp
  020180d2 mov x2, #8
  010000d4 svc #0
  e80780d2 mov x8, #63                         # read(descriptor, sp, 8)
  e003142a mov w0, w20
  010000d4 svc #0
  1f0000f1 cmp x0, #0
  8dfdff54 b.le leave
  280e80d2 mov x8, #113                        # clock_gettime(CLOCK_MONOTONIC, sp)
  200080d2 mov x0, #1
  e1030091 mov x1, sp
  010000d4 svc #0
  080880d2 mov x8, #64                         # write(descriptor, sp, 16)
  e003142a mov w0, w20
  e1030091 mov x1, sp
  020280d2 mov x2, #16
  010000d4 svc #0
  a81b80d2 mov x8, #221                        # execve(argv[2], argv + 3, environment)
  600e40f9 ldr x0, [x19, #24]
  61820091 add x1, x19, #32
  620240f9 ldr x2, [x19]
  620e028b add x2, x19, x2, lsl #3
  42400091 add x2, x2, #16
  010000d4 svc #0
  e00300f9 str x0, [sp]
  080880d2 mov x8, #64                         # write(descriptor, sp, 8)
  e003142a mov w0, w20
  e1030091 mov x1, sp
  020180d2 mov x2, #8
  010000d4 svc #0
  d5ffff17 b leave`;

const MACHINES = { x64: { code: X64, elf: 62 }, arm64: { code: ARM64, elf: 183 } } as const;

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const BASE = 0x400000n;
/** The greatest page size of either architecture. */
const ALIGNMENT = 0x10000n;

/** The program as an ELF file (elf(5)): one segment to load, and a stack that is not executable. */
export function starterProgram(architecture: 'x64' | 'arm64'): Uint8Array {
  const machine = MACHINES[architecture];
  const hex = [...machine.code.matchAll(/^ +([0-9a-f]+) /gm)].map(([, bytes]) => bytes).join('');
  const start = ELF_HEADER + 2 * PROGRAM_HEADER;
  const file = Buffer.alloc(start + hex.length / 2);
  file.write('\x7fELF\x02\x01\x01', 'latin1'); // 64 bits, little-endian, version 1
  file.writeUInt16LE(2, 16); // e_type: ET_EXEC
  file.writeUInt16LE(machine.elf, 18); // e_machine
  file.writeUInt32LE(1, 20); // e_version
  file.writeBigUInt64LE(BASE + BigInt(start), 24); // e_entry
  file.writeBigUInt64LE(BigInt(ELF_HEADER), 32); // e_phoff
  file.writeUInt16LE(ELF_HEADER, 52); // e_ehsize
  file.writeUInt16LE(PROGRAM_HEADER, 54); // e_phentsize
  file.writeUInt16LE(2, 56); // e_phnum
  const load = file.subarray(ELF_HEADER);
  load.writeUInt32LE(1, 0); // p_type: PT_LOAD
  load.writeUInt32LE(5, 4); // p_flags: read, execute
  load.writeBigUInt64LE(BASE, 16); // p_vaddr
  load.writeBigUInt64LE(BigInt(file.length), 32); // p_filesz
  load.writeBigUInt64LE(BigInt(file.length), 40); // p_memsz
  load.writeBigUInt64LE(ALIGNMENT, 48); // p_align
  const stack = load.subarray(PROGRAM_HEADER);
  stack.writeUInt32LE(0x6474e551, 0); // PT_GNU_STACK
  stack.writeUInt32LE(6, 4); // read, write
  file.write(hex, start, 'hex');
  return file;
}
