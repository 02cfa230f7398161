package lambda

import (
	"archive/zip"
	"bytes"
	_ "embed" // the modules
	"fmt"
	"regexp"
	"strings"
)

var (
	//go:embed inline/cfnresponse.py
	pythonResponse string
	//go:embed inline/cfn-response.js
	nodeResponse string

	module = regexp.MustCompile(`(?m)^\s*(import\s+[\w{*'"]|export\s)`)
)

// inlineZip packs a program that a template holds as text: the file index, with the module that answers CloudFormation beside it. The same text
// gives the same bytes.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
func inlineZip(runtime, text string) ([]byte, error) {
	files := [][2]string{{"index.py", text}, {"cfnresponse.py", pythonResponse}}
	switch {
	case strings.HasPrefix(runtime, "nodejs"):
		files = [][2]string{{"index.js", text}, {"cfn-response.js", nodeResponse}}
		if module.MatchString(text) {
			files[0][0] = "index.mjs"
		}
	case !strings.HasPrefix(runtime, "python"):
		return nil, fmt.Errorf("the property Code.ZipFile is for the runtimes of Node.js and Python; %s is neither", runtime)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f[0], Method: zip.Deflate}
		h.SetMode(0o644)
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
