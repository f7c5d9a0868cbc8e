export { createClient, type Answer, type CallOptions, type Carillon, type ClientOptions } from './client.js';
export { CarillonError, ConnectionError, isProblem, ProblemError, type Fault, type Problem } from './errors.js';
export type { ProblemCode } from './generated.js';
export type { Input, OperationId, Output, Schemas } from './operation-types.js';
export { Receiver, type Delivery, type GivenCall, type ReceiverOptions } from './receiver.js';
export { MemorySeenStore, once, type Once, type SeenStore } from './repeats.js';
export type { RetryPolicy } from './retries.js';
export { SignatureError, type SignatureFault } from './signatures.js';
