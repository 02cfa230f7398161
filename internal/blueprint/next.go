package blueprint

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/atelier-studio/atelier/blueprints"
)

func samples() ([]byte, error) { return fs.ReadFile(blueprints.Samples(), "reviews.jsonl") }

// Next are the commands to try with a stack.
func Next(b blueprints.Blueprint, s *Stack, region string) string {
	curl := `curl -sS -H 'Content-Type: application/json'`
	if s.Parameters["ApiAuthorization"] == "AWS_IAM" {
		curl += fmt.Sprintf(` --aws-sigv4 aws:amz:%s:execute-api --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-security-token: $AWS_SESSION_TOKEN"`, region)
	}
	url, bucket := s.Outputs["ApiUrl"], s.Outputs["BucketName"]
	var lines []string
	switch b.Kind {
	case "async":
		lines = []string{fmt.Sprintf("aws s3 cp document.json s3://%s/inference/async/input/document.json", bucket),
			fmt.Sprintf(`%s %s/invoke-async -d '{"input_path": "s3://%s/inference/async/input/sample.json"}'`, curl, url, bucket),
			fmt.Sprintf("%s %s/invocations/INFERENCE_ID/result", curl, url)}
	case "batch":
		lines = []string{fmt.Sprintf("aws s3 cp reviews.jsonl s3://%s/inference/batch/input/reviews.jsonl", bucket),
			fmt.Sprintf(`%s %s/start-batch-job -d '{"input": "s3://%s/inference/batch/input/sample-reviews.jsonl"}'`, curl, url, bucket),
			fmt.Sprintf("%s %s/batch-jobs/JOB_NAME", curl, url)}
	default:
		lines = []string{fmt.Sprintf("%s %s/invoke -d '%s'", curl, url, asWord(question(s)))}
	}
	lines = append(lines, "atelier blueprint outputs "+s.Name, "atelier blueprint delete "+s.Name)
	return strings.Join(lines, "\n")
}

// asWord is JSON between the quotes of a shell.
func asWord(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(b), "'", `'\''`)
}
