package transform

import (
	"bytes"
	"errors"
	"fmt"
)

// Processing is what is done to records before and after the model.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataProcessing.html
type Processing struct {
	Input, Output Path
	Join          bool // with the input
}

// none tells whether records are left as they are.
func (p Processing) none() bool { return p.Input.All() && p.Output.All() && !p.Join }

// sent is what of a record the model gets.
func (p Processing) sent(k Kind, record []byte) ([]byte, error) {
	if p.Input.All() {
		return record, nil
	}
	v, err := k.parse(record)
	if err == nil {
		v, err = p.Input.Choose(v)
	}
	if err != nil {
		return nil, fmt.Errorf("InputFilter: %w", err)
	}
	return k.write(v)
}

// kept is what of a record and its answer is written.
func (p Processing) kept(in, out Kind, record, answer []byte) ([]byte, error) {
	if p.Output.All() && !p.Join {
		return answer, nil
	}
	answer = bytes.TrimRight(answer, "\r\n")
	v, err := out.parse(answer)
	if err != nil {
		return nil, err
	}
	if p.Join {
		of, err := in.parse(record)
		if err != nil {
			return nil, err
		}
		if v, err = joined(in, out, of, v); err != nil {
			return nil, err
		}
	}
	if v, err = p.Output.Choose(v); err != nil {
		return nil, fmt.Errorf("OutputFilter: %w", err)
	}
	return in.write(v)
}

// joined puts an answer to its record: columns to columns, or under the name SageMakerOutput.
func joined(in, out Kind, record, answer any) (any, error) {
	if in == CSV {
		columns, ok := answer.([]any)
		if !ok {
			columns = []any{answer}
		}
		row, ok := record.([]any)
		if !ok {
			return nil, errors.New("a record has no columns to join with")
		}
		return append(row[:len(row):len(row)], columns...), nil
	}
	if out == CSV { // a line of columns as a list of JSON
		if list, ok := answer.([]any); ok && len(list) == 1 {
			answer = list[0]
		}
	}
	if o, ok := record.(*object); ok {
		o.set("SageMakerOutput", answer)
		return o, nil
	}
	o := newObject()
	o.set("SageMakerInput", record)
	o.set("SageMakerOutput", answer)
	return o, nil
}
