#ifndef ESPALIER_WORKER_POOL_H_
#define ESPALIER_WORKER_POOL_H_

#include <functional>

namespace espalier {

// Calls task(0) to task(count - 1) once each, on the calling thread and on the threads of a pool. The pool has as
// many threads as TensorFlow uses within one op (TF_NUM_INTRAOP_THREADS, or one per processor). Returns when all
// tasks have ended, and rethrows the first exception. The threads of the tasks differ from call to call, so a task
// must write only to memory that no other task uses.
void ParallelFor(int count, const std::function<void(int)>& task);

// The number of threads that ParallelFor uses.
int WorkerCount();

}  // namespace espalier

#endif  // ESPALIER_WORKER_POOL_H_
