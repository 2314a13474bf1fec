/** Something the bootstrap needs is not there: what failed, and what the reader can do about it. */
export class Unmet extends Error {
  /**
   * @param {string} what
   * @param {string} remedy
   * @param {number} exitCode
   */
  constructor(what, remedy, exitCode = 1) {
    super(what);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}
