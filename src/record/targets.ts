/** Whom to record. */

export type Target =
  /** The command, and what it starts. */
  | { readonly kind: 'command' }
  /** Running processes, all their threads. */
  | { readonly kind: 'processes'; readonly pids: readonly number[] }
  /** Single threads. */
  | { readonly kind: 'threads'; readonly tids: readonly number[] }
  /** Whatever runs on these CPUs; on all where absent. */
  | { readonly kind: 'system'; readonly cpus?: readonly number[] }
  /** All processes of a user, by name or number. */
  | { readonly kind: 'user'; readonly user: string };
