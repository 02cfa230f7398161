package blueprint

import (
	"context"
	"encoding/json"
	"io/fs"
	"strings"

	"github.com/atelier-studio/atelier/blueprints"
)

// layout are the folders of a blueprint's bucket.
var layout = []string{"data/raw/", "data/processed/", "data/features/", "artifacts/models/bedrock-customized/", "artifacts/models/sagemaker-finetuned/",
	"artifacts/training-outputs/", "artifacts/checkpoints/", "configs/pipeline-definitions/", "configs/inference-configs/"}

// question is what a blueprint's model is asked for a start.
func question(s *Stack) any {
	if s.Parameters["ModelSource"] == "bedrock" {
		return map[string]any{"inputs": "Is this review positive or negative? I love this kettle, it boils fast.", "parameters": map[string]any{"max_new_tokens": 16}}
	}
	return map[string]any{"instances": []string{"i love this kettle , it boils fast", "what an awful tea , dusty and dull"}}
}

// configure lays the bucket out: folders, sample data, a notebook, the model's file and what was configured.
func (c *Client) configure(ctx context.Context, d Deployment, s *Stack) (n int, err error) {
	bucket := s.Outputs["BucketName"]
	files := map[string][]byte{}
	for _, folder := range layout {
		files[folder] = nil
	}
	reviews, err := fs.ReadFile(blueprints.Samples(), "reviews.jsonl")
	if err != nil {
		return 0, err
	}
	asked, err := json.Marshal(question(s))
	if err != nil {
		return 0, err
	}
	files["data/raw/sample-reviews.jsonl"] = reviews
	switch d.Blueprint.Kind {
	case "async":
		files["inference/async/input/sample.json"], files["inference/async/output/"] = asked, nil
	case "batch":
		files["inference/batch/input/sample-reviews.jsonl"], files["inference/batch/output/"] = reviews, nil
	}
	notebook, err := fs.ReadFile(blueprints.Samples(), d.Blueprint.Name+".ipynb")
	if err != nil {
		return 0, err
	}
	quoted, err := json.Marshal(string(asked)) // the notebook is JSON, and the request stands in one of its strings
	if err != nil {
		return 0, err
	}
	files["artifacts/notebooks/"+d.Blueprint.Name+".ipynb"] = []byte(strings.NewReplacer("{{stack}}", s.Name, "{{blueprint}}", d.Blueprint.Name,
		"{{request}}", strings.Trim(string(quoted), `"`)).Replace(string(notebook)))
	if files["configs/inference-configs/"+d.Blueprint.Name+".json"], err = json.MarshalIndent(map[string]any{"Blueprint": d.Blueprint.Name, "Parameters": s.Parameters, "Outputs": s.Outputs}, "", "  "); err != nil {
		return 0, err
	}
	if path := s.Parameters["SageMakerConfigModelArtifactPath"]; s.Parameters["ModelSource"] == "sagemaker" && path != "" {
		if files["artifacts/models/sagemaker-finetuned/model-v1/model.tar.gz"], err = c.get(ctx, path); err != nil {
			return 0, err
		}
	}
	for key, content := range files {
		kind := ""
		switch {
		case strings.HasSuffix(key, ".json"), strings.HasSuffix(key, ".ipynb"):
			kind = "application/json"
		case strings.HasSuffix(key, ".jsonl"):
			kind = "application/jsonlines"
		}
		if err := c.put(ctx, bucket, key, kind, content); err != nil {
			return 0, err
		}
	}
	return len(files), nil
}
