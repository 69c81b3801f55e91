// A curve that is drawn fast at every zoom and never loses a spike: for each column of pixels, the lowest and the
// highest loss among the points in it. A pyramid of extremes, sixteen points to one and sixteen of those to the next,
// makes a column cost about thirty comparisons however many points it covers. Refuses averages.

const fanout = 16;

class Series {
  /** step, at (milliseconds) and loss are columns of equal length, ordered by step. */
  constructor({ segment, step, at, loss, kept }) {
    Object.assign(this, { segment, step, at, loss, kept, length: loss.length });
    this.levels = [{ low: loss, high: loss }];
    for (let level = this.levels[0]; level.low.length > fanout; level = this.levels[this.levels.length - 1]) {
      this.levels.push(Series.above(level));
    }
  }

  static above({ low, high }) {
    const size = Math.ceil(low.length / fanout);
    const next = { low: new Float64Array(size).fill(Infinity), high: new Float64Array(size).fill(-Infinity) };
    for (let index = 0; index < low.length; index++) {
      const place = (index / fanout) | 0;
      // Written so that a NaN changes nothing.
      if (low[index] < next.low[place]) next.low[place] = low[index];
      if (high[index] > next.high[place]) next.high[place] = high[index];
    }
    return next;
  }

  /** The first place whose `by` is `value` or more. */
  find(by, value) {
    const column = this[by];
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (column[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the steps that count end. */
  get keptEnd() { return this.find("step", this.kept + 0.5); }

  /** The lowest and the highest loss of the places from `begin` up to `end`. */
  extremes(begin, end) {
    let low = Infinity, high = -Infinity;
    for (let level = 0; ; level++) {
      const { low: lows, high: highs } = this.levels[level];
      const isLast = level + 1 === this.levels.length || end - begin <= 2 * fanout;
      // What whole stretches of the next level do not cover is looked at here.
      const nextBegin = Math.ceil(begin / fanout), nextEnd = Math.floor(end / fanout);
      const head = isLast ? end : nextBegin * fanout, tail = isLast ? end : nextEnd * fanout;
      for (let index = begin; index < head; index++) {
        if (lows[index] < low) low = lows[index];
        if (highs[index] > high) high = highs[index];
      }
      for (let index = tail; index < end; index++) {
        if (lows[index] < low) low = lows[index];
        if (highs[index] > high) high = highs[index];
      }
      if (isLast) return [low, high];
      [begin, end] = [nextBegin, nextEnd];
    }
  }

  /**
   * Draws the places from `begin` up to `end` as one path. `x` turns a place into a coordinate, and must grow with it;
   * `y` turns a loss into one. Fewer places than two a column are drawn as they are.
   */
  trace(path, x, y, begin, end) {
    if (end <= begin) return;
    const first = x(begin), last = x(end - 1);
    if (end - begin <= 2 * (last - first + 1)) {
      let isDown = false;
      for (let place = begin; place < end; place++) {
        if (!(this.loss[place] < Infinity && this.loss[place] > -Infinity)) { isDown = false; continue; }
        if (isDown) path.lineTo(x(place), y(this.loss[place]));
        else path.moveTo(x(place), y(this.loss[place]));
        isDown = true;
      }
      if (end - begin === 1) path.lineTo(first + 0.5, y(this.loss[begin]));
      return;
    }
    let place = begin, isDown = false;
    const pace = (end - 1 - begin) / (last - first);
    for (let column = Math.floor(first); place < end; column++) {
      // Steps lie evenly as a rule, so that a guess is right; where it is not, the place is searched for.
      const guess = begin + Math.ceil((column + 1 - first) * pace);
      const isRight = guess > place && guess < end && x(guess) >= column + 1 && x(guess - 1) < column + 1;
      const next = isRight ? guess : this.firstBeyond(x, column + 1, place, end);
      if (next === place) continue;
      const [low, high] = this.extremes(place, next);
      place = next;
      if (low > high) { isDown = false; continue; }
      const [top, bottom] = [y(high), y(low)];
      if (isDown) path.lineTo(column + 0.5, bottom);
      else path.moveTo(column + 0.5, bottom);
      // A column of one height still needs a length to be seen.
      path.lineTo(column + 0.5, Math.min(top, bottom - 0.5));
      isDown = true;
    }
  }

  /** The first place from `begin` whose coordinate is `limit` or more: strides first, so a short way costs little. */
  firstBeyond(x, limit, begin, end) {
    let low = begin, stride = 1;
    while (low + stride < end && x(low + stride) < limit) { low += stride; stride *= 2; }
    let high = Math.min(end, low + stride);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x(middle) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The losses smoothed by an exponential mean that keeps `keep` of the past at each point; NaNs are passed over. */
  smoothed(keep) {
    const loss = new Float64Array(this.length);
    let mean = NaN;
    for (let place = 0; place < this.length; place++) {
      const value = this.loss[place];
      if (value < Infinity && value > -Infinity) mean = Number.isNaN(mean) ? value : keep * mean + (1 - keep) * value;
      loss[place] = mean;
    }
    return new Series({ segment: this.segment, step: this.step, at: this.at, loss, kept: this.kept });
  }
}
