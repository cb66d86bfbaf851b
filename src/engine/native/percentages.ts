const STEP = 10;

/** Turns amounts done into lines such as `Downloading TensorFlow (261 MB): 40 %`, one for every 10 %. */
export function percentages(
  label: string,
  progress: (line: string) => void,
): (done: number, total: number) => void {
  let last = -STEP;
  return (done, total) => {
    const percent = Math.floor((Math.min(done / total, 1) * 100) / STEP) * STEP;
    if (percent <= last) return;
    last = percent;
    progress(`${label}, ${Math.round(total / 1e6)} MB: ${percent} %`);
  };
}
