// Package netguard says which addresses this program's own connections may not go to:
// who may edit a target is not who runs the machine, and must not reach its services,
// its network and its cloud's credentials through it. Callers ask about the address that
// is connected to, after names and redirects.
package netguard
