/** Says what does not work as it should, though the replica serves all the same. */
export abstract class Degradation {
  /** One line each, for people; empty when all is well. */
  abstract degraded(): readonly string[];
}
