package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/facts"
	"github.com/atelier-studio/atelier/internal/wire/factsgen/wheel"
)

// services are the APIs that Atelier speaks, by botocore's folder names.
func services() []string {
	return strings.Fields(`apigatewayv2 application-autoscaling athena bedrock bedrock-agent bedrock-agent-runtime
		bedrock-runtime cloudformation cloudtrail cloudwatch datazone dynamodb ecr events glue iam kms lakeformation
		lambda logs organizations ram redshift redshift-data redshift-serverless s3 s3tables sagemaker
		sagemaker-featurestore-runtime sagemaker-metrics sagemaker-runtime scheduler secretsmanager servicecatalog
		sns sqs ssm stepfunctions sts`)
}

// generate returns the files of the data folder by name.
func generate(z *zip.Reader) (map[string][]byte, error) {
	newest := map[string]string{} // service -> folder of its newest API version
	for _, f := range z.File {
		p := strings.Split(f.Name, "/")
		if len(p) == 5 && p[1] == "data" && slices.Contains(services(), p[2]) && strings.HasPrefix(p[4], "service-2.json") {
			newest[p[2]] = max(newest[p[2]], path.Dir(f.Name))
		}
	}
	files := map[string][]byte{}
	var index []facts.Entry
	for _, name := range services() {
		s, err := service(z, name, newest[name])
		if err != nil {
			return nil, fmt.Errorf("cannot derive facts of %s: %w", name, err)
		}
		b, err := encode(s)
		if err != nil {
			return nil, err
		}
		if files[name+".json.gz"], err = wheel.Compress(b); err != nil {
			return nil, err
		}
		m := &s.Metadata
		index = append(index, facts.Entry{Name: name, ServiceID: m.ServiceID, SigningName: m.Signing(),
			EndpointPrefix: m.EndpointPrefix, TargetPrefix: m.TargetPrefix, APIVersion: m.APIVersion, Protocols: m.Spoken()})
	}
	sort.Slice(index, func(i, j int) bool { return index[i].Name < index[j].Name })
	b, err := json.MarshalIndent(index, "", " ")
	files["index.json"] = append(b, '\n')
	return files, err
}

func service(z *zip.Reader, name, dir string) (*facts.Service, error) {
	if dir == "" {
		return nil, fmt.Errorf("it is not in the wheel")
	}
	s := &facts.Service{}
	if err := decode(z, dir+"/service-2.json", s); err != nil {
		return nil, err
	}
	s.Name = name
	var pages struct {
		Pagination map[string]*facts.Paginator
	}
	if err := decode(z, dir+"/paginators-1.json", &pages); err == nil {
		s.Paginators = pages.Pagination
	}
	prune(s)
	return s, nil
}

// prune drops shapes that no operation reaches.
func prune(s *facts.Service) {
	kept := map[string]*facts.Shape{}
	var keep func(r *facts.Ref)
	keep = func(r *facts.Ref) {
		if r == nil || kept[r.Shape] != nil || s.Shapes[r.Shape] == nil {
			return
		}
		sh := s.Shapes[r.Shape]
		kept[r.Shape] = sh
		for _, m := range sh.Members {
			keep(m)
		}
		keep(sh.Member)
		keep(sh.Key)
		keep(sh.Value)
	}
	for _, o := range s.Operations {
		keep(o.Input)
		keep(o.Output)
		for _, e := range o.Errors {
			keep(e)
		}
	}
	for n, sh := range s.Shapes {
		if sh.Exception {
			keep(&facts.Ref{Shape: n})
		}
	}
	s.Shapes = kept
}

func decode(z *zip.Reader, name string, v any) error {
	b, err := wheel.Read(z, name+".gz")
	if err != nil {
		if b, err = wheel.Read(z, name); err != nil {
			return err
		}
	}
	return json.Unmarshal(wheel.Plain(b), v)
}
