/** Something that does not work and that an operator should know of; said once. */
export interface Problem {
  /** One line, without a full stop. */
  readonly message: string;
  /** What to do about it, where that is known. */
  readonly hint?: string;
}
