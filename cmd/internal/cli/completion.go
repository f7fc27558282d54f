package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Write the completion script of a shell", Args: exactly(1), ValidArgs: shells,
		Long: `Write a script that completes commands, flags and the live names of objects in
` + strings.Join(shells, ", ") + `.`,
		Example: "  source <(meridian completion bash)\n  meridian completion zsh > \"${fpath[1]}/_meridian\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return usagef("shell %q is unknown; use %s", args[0], strings.Join(shells, ", "))
		},
	}
}
