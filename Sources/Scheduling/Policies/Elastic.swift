// FIFO whose jobs breathe. For data-parallel jobs a resize changes no bit of the result, because the order of summation
// depends on the micro-batches alone. Refuses to resize jobs that name no range.

extension Policy {
    /// Jobs start at what they ask for, or at what is free down to their least; while others wait, those above their
    /// least give GPUs back, and idle GPUs go to those that can use more (as in Optimus, Peng et al. 2018, EuroSys, with
    /// a speed that is proportional to the GPUs in place of a learned one).
    public static let elastic = Policy(
        name: "elastic", aim: "waiting, by giving everybody a little", order: .submission, passing: .stop,
        resizes: true)
}
