package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
)

// Limits of what a job of Bedrock is made of here, in the memory of a function.
const (
	maxDataset = 100 << 20 // bytes
	maxRecord  = 1 << 20   // bytes of a line
)

// invoke starts a batch of Bedrock: the dataset's records are made into records of Bedrock's.
func (b *batch) invoke(ctx context.Context, s start, found []object, j *job) error {
	var all bytes.Buffer
	w := &records{to: &all, template: b.template, field: b.field, maxTokens: b.maxTokens}
	read := int64(0)
	for _, o := range found {
		if read += o.size; read > maxDataset {
			return wrong("the dataset has more than %d MB: start several jobs", maxDataset>>20)
		}
		out, err := b.files.open(ctx, o.key)
		if err != nil {
			return err
		}
		err = w.add(contentType(s.ContentType, o.key), out.Body)
		_ = out.Body.Close() // it was read
		if err != nil {
			return wrong("cannot read %s: %v", b.files.uri(o.key), err)
		}
	}
	if w.n == 0 {
		return wrong("there is no record in %s", s.Input)
	}
	key := batchJobs + j.Name + "/records.jsonl"
	if err := b.files.put(ctx, key, "application/jsonlines", bytes.NewReader(all.Bytes())); err != nil {
		return err
	}
	kind := types.ModelInvocationTypeConverse
	if w.native {
		kind = types.ModelInvocationTypeInvokeModel
	}
	out, err := b.bedrock.CreateModelInvocationJob(ctx, &bedrock.CreateModelInvocationJobInput{JobName: &j.Name, ModelId: &b.foundation, RoleArn: &b.role, ModelInvocationType: kind,
		InputDataConfig:  &types.ModelInvocationJobInputDataConfigMemberS3InputDataConfig{Value: types.ModelInvocationJobS3InputDataConfig{S3Uri: aws.String(b.files.uri(key)), S3InputFormat: types.S3InputFormatJsonl}},
		OutputDataConfig: &types.ModelInvocationJobOutputDataConfigMemberS3OutputDataConfig{Value: types.ModelInvocationJobS3OutputDataConfig{S3Uri: &j.Output}}})
	if err == nil {
		j.ARN = aws.ToString(out.JobArn)
	}
	return err
}

// records writes records of Bedrock's batches: {"recordId", "modelInput"}, a line each, in order.
type records struct {
	to              io.Writer
	template, field string
	maxTokens       int32
	n               int
	native          bool // the records are of the model's own form
}

// add reads CSV with a header, or JSON Lines.
func (r *records) add(kind string, from io.Reader) error {
	if kind == "text/csv" {
		return r.addCSV(from)
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), maxRecord)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var record map[string]any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&record); err != nil || d.More() {
			return fmt.Errorf("line %d is no JSON object", n)
		}
		if err := r.one(record); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func (r *records) addCSV(from io.Reader) error {
	c := csv.NewReader(from)
	c.ReuseRecord = true
	head, err := c.Read()
	if err != nil {
		return err
	}
	head = slices.Clone(head)
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		record := map[string]any{}
		for i, name := range head {
			record[strings.TrimSpace(name)] = row[i]
		}
		if err := r.one(record); err != nil {
			return err
		}
	}
}

// one writes a record: one that has a modelInput as it is, another as a message that the template makes.
func (r *records) one(record map[string]any) error {
	input, native := record["modelInput"]
	if r.n > 0 && native != r.native {
		return errors.New("some records have a modelInput, and others do not")
	}
	r.native = native
	r.n++
	id := fmt.Sprintf("R%010d", r.n)
	if native {
		if given := text(record["recordId"]); given != "" {
			id = given
		}
	} else {
		words, ok := record[r.field]
		if !ok {
			return fmt.Errorf("there is no field %q", r.field)
		}
		record["inputs"] = words
		input = map[string]any{"messages": []any{map[string]any{"role": "user", "content": []any{map[string]any{"text": fill(r.template, record)}}}},
			"inferenceConfig": map[string]any{"maxTokens": r.maxTokens}}
	}
	return json.NewEncoder(r.to).Encode(map[string]any{"recordId": id, "modelInput": input})
}
