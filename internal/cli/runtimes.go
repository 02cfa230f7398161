package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/platform/config"
)

// runtimes installs what functions of a language need. Without it, the first function of a runtime does.
func runtimes(env Environment) *cobra.Command {
	dir := ""
	c := &cobra.Command{
		Use: "runtimes NAME...", Short: "Install what functions of a runtime need: python3.12, nodejs20.x",
		Long: "Install what functions of a runtime need into the data directory, ahead of the first function. A machine without package " +
			"registries gets lambda/runtimes of the data directory copied from one that has them.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			if env.Runtime == nil {
				return errors.New("there are no runtimes here")
			}
			for _, name := range names {
				if err := env.Runtime(c.Context(), dataDir(env, c, dir), name); err != nil {
					return err
				}
				if _, err := fmt.Fprintln(env.Stdout, name, "is ready"); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "data-dir", config.Default().DataDir, "data directory of the server")
	return c
}
