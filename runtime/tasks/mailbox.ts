/**
 * What is to be done by a task between two records: control messages, timers, completions of asynchronous work.
 *
 * @module
 */

/** Mail of one task, done in order of arrival on the task's own turn. */
export class Mailbox {
  #mails: (() => void)[] = [];
  readonly #onMail: () => void;

  /** @param onMail Called when mail arrives, so that a parked task is woken. */
  constructor(onMail: () => void) {
    this.#onMail = onMail;
  }

  get hasMail(): boolean {
    return this.#mails.length > 0;
  }

  post(mail: () => void): void {
    this.#mails.push(mail);
    this.#onMail();
  }

  /** Does what is there now; mail posted meanwhile waits for the next turn. */
  drain(): void {
    if (this.#mails.length === 0) return;
    const mails = this.#mails;
    this.#mails = [];
    for (let i = 0; i < mails.length; i++) {
      try {
        mails[i]();
      } catch (error) {
        // Nothing is lost when one mail fails the task: cancel and close mails must still run.
        this.#mails = mails.slice(i + 1).concat(this.#mails);
        throw error;
      }
    }
  }
}
