#ifndef ESPALIER_WORKER_POOL_H_
#define ESPALIER_WORKER_POOL_H_

#include <functional>

namespace espalier {

// Calls task(0) to task(count - 1), each once, on the calling thread and on those of a pool that has as many
// as TensorFlow has for one operation (TF_NUM_INTRAOP_THREADS, else one per processor). Returns when all are
// done, and throws what the first that failed threw. Which thread does what differs from call to call, so a
// task must write what no other task touches.
void ParallelFor(int count, const std::function<void(int)>& task);

// How many threads take part in that.
int WorkerCount();

}  // namespace espalier

#endif  // ESPALIER_WORKER_POOL_H_
