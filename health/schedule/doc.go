// Package schedule runs many things, each at its own exact period, without a storm
// at the start and without drift.
//
// Every item has a fixed phase within its period, from the hash of its id, so
// thousands of items spread evenly, and the same item keeps its place whatever
// happens to the others. An item never runs twice at once, and no more than a
// capped number of items run at the same time. What starts late because of the cap
// keeps its period: the next start is counted from the plan, not from the delay.
package schedule
