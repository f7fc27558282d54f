// Package script tests the program as its users meet it: one text script per task in
// testdata runs the real binary against a real server, bad input included. README.md
// lists what a script can say beside the commands of testscript.
package script
