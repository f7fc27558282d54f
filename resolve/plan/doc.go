// Package plan holds what the packet path reads of steering: for each access domain
// a Plan with one Leaf per line class, compiled from the decisions of the engine.
//
// A Plan never changes; health and configuration put another one into its Slot.
// Choosing among a leaf's candidates allocates nothing, locks nothing and reads no
// clock. Slots are shared by access domains of equal content, and Sets by plans, so
// that a health change costs what it touches, not the number of names (design D6).
package plan
