// Package stat holds the words of statistics that travel from resolvers and vantages
// to control: a Queries is what one resolver counted in one interval, a Probes what
// one vantage measured in one minute.
//
// Both are numbered by the instance of the process that sends them, so that a receiver
// takes none twice and sees what is missing. They are soft data: one that is lost is a
// gap, and is shown as one. Times in them are ages, for nothing compares the clocks of
// two machines (design 5.6).
//
// Decoders refuse what no sender would write. What they accept encodes to the same
// content again.
package stat
