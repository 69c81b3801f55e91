// Axes: from values to pixels, straight or logarithmic, and where to write which numbers. Refuses to draw.

/** A scale from [low, high] to [from, to]. A logarithmic one needs values above zero; others land on its edge. */
function scaleOf(low, high, from, to, isLog) {
  const tiny = 1e-300;
  const way = isLog ? (value) => Math.log(Math.max(value, tiny)) : (value) => value;
  const back = isLog ? Math.exp : (value) => value;
  const [begin, span] = [way(low), way(high) - way(low) || 1];
  return {
    low, high, from, to, isLog,
    at: (value) => from + ((way(value) - begin) / span) * (to - from),
    value: (pixel) => back(begin + ((pixel - from) / (to - from)) * span),
  };
}

const timeSteps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
  3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 1728000, 4320000];

/** About `wanted` round values of a scale; `isTime` for hours, which are round in seconds, minutes and days. */
function ticks(scale, wanted, isTime) {
  const { low, high } = scale;
  if (scale.isLog) {
    const made = [];
    const factors = high / low > 1e4 ? [1] : high / low > 30 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const factor of factors) {
        const value = factor * 10 ** power;
        if (value >= low && value <= high) made.push(value);
      }
    }
    return made;
  }
  const rough = (high - low) / Math.max(1, wanted);
  let step;
  if (isTime) {
    step = (timeSteps.find((each) => each >= rough * 3600) ?? Math.ceil(rough / 24) * 86400) / 3600;
  } else {
    const power = 10 ** Math.floor(Math.log10(rough));
    step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  }
  const made = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high * (1 + 1e-12); index++) made.push(index * step);
  return made;
}

/** A value of an axis as its label. */
function tickText(axis, value) {
  return axis.isTime ? (value === 0 ? "0" : spanText(value * 3600)) : short(value);
}
