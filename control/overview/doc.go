// Package overview tells what is wrong now: what is down, since when and why, which
// probe at which vantage said so, and what clients get instead of what they would.
//
// All of it follows from the configuration, the verdicts and who was heard, at the
// moment that it is asked; nothing is kept. What clients get comes from the engine of
// package steer.
package overview
