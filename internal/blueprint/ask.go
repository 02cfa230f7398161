package blueprint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Ask asks for parameters that were not given: those without a default, or with all also those with one, as far as the choices so far
// need them. An answer that a parameter does not take is asked for again.
func Ask(in io.Reader, out io.Writer, list []Parameter, given map[string]string, all bool) error {
	answers, group := bufio.NewReader(in), ""
	for _, p := range list {
		if _, ok := given[p.Name]; ok || !all && p.Default != nil || !asked(p, given) {
			continue
		}
		if p.Group != group {
			group = p.Group
			fmt.Fprintf(out, "\n%s\n", group)
		}
		for {
			fmt.Fprintf(out, "  %s (%s)", p.Name, p.About)
			if len(p.Allowed) > 0 {
				fmt.Fprintf(out, " %s", strings.Join(p.Allowed, "|"))
			}
			if p.Default != nil {
				fmt.Fprintf(out, " [%s]", *p.Default)
			}
			fmt.Fprint(out, ": ")
			line, err := answers.ReadString('\n')
			if err != nil {
				return errors.New("nobody answers")
			}
			line = strings.TrimSpace(line)
			if line == "" && p.Default != nil {
				break
			}
			if err := p.Check(line); err != nil {
				fmt.Fprintf(out, "  %v\n", err)
				continue
			}
			given[p.Name] = line
			break
		}
	}
	return nil
}

// asked says whether the choices so far need a parameter. The functions' code is this program's to bring.
func asked(p Parameter, given map[string]string) bool {
	source := given["ModelSource"]
	switch {
	case strings.HasPrefix(p.Name, "BedrockConfig"):
		return source == "bedrock"
	case strings.HasPrefix(p.Name, "SageMakerConfig"):
		return source != "bedrock"
	case strings.HasPrefix(p.Name, "VPCConfig") && p.Name != "VPCConfigUseExisting":
		return given["VPCConfigUseExisting"] == "true"
	case strings.HasPrefix(p.Name, "CodeS3"), p.Name == "InferenceType", p.Name == "Architecture":
		return false
	}
	return true
}

// Confirm asks a question that is answered with yes or no.
func Confirm(in io.Reader, out io.Writer, question string) (bool, error) {
	fmt.Fprintf(out, "%s [y/N] ", question)
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return false, errors.New("nobody answers")
	}
	line = strings.ToLower(strings.TrimSpace(line))
	return line == "y" || line == "yes", nil
}
