// Package cli is the command line of meridian: flags, files and tables around the
// public API (package client) and node.Run. It decides nothing about traffic.
//
// Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict, 5 denied. Results
// go to standard output, everything else to standard error.
package cli
