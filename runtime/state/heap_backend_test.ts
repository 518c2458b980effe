import { backendConformance } from "./backend_conformance_test.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";
import { ttlConformance } from "./ttl_conformance_test.ts";

for (const typedState of [true, false]) {
  const name = typedState ? "heap" : "heap without typed state";
  backendConformance(name, (options) => new HeapKeyedStateBackend({ ...options, typedState }), Deno.test);
  ttlConformance(name, (options) => new HeapKeyedStateBackend({ ...options, typedState }), Deno.test);
}
