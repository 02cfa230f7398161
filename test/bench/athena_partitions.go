package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// partitionsOfTable is how many partitions the table of this case has: days of hours of places.
const partitionsOfTable = 200_000

// partitions asks for ten partitions of very many, of which each has one small file.
func (s *sqlBench) partitions(ctx context.Context, o options) error {
	if err := s.makePartitions(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.b, "| Ten of %d partitions, from start to its rows | first ms | median ms |\n|---|---:|---:|\n", partitionsOfTable)
	for _, q := range []struct{ name, where string }{
		{"told by values", "day = 'd0007' AND place < 10"},
		{"told by an expression", "substr(day, 2) = '0007' AND place % 20 = 0"},
	} {
		var times []time.Duration
		for range 2*o.rounds + 1 {
			begin := time.Now()
			n, err := s.admin.rows(ctx, "SELECT place FROM days WHERE "+q.where)
			if err != nil {
				return err
			}
			if n != 10 {
				return fmt.Errorf("%s gave %d rows", q.where, n)
			}
			times = append(times, time.Since(begin))
		}
		fmt.Fprintf(s.b, "| %s | %.1f | %.1f |\n", q.name, float64(times[0].Microseconds())/1000, float64(median(times[1:]).Microseconds())/1000)
	}
	s.b.WriteString("\n")
	return nil
}

func (s *sqlBench) makePartitions(ctx context.Context) error {
	root := s.config(s.key, s.secret)
	tables, objects := glue.NewFromConfig(root), s3.NewFromConfig(root, func(o *s3.Options) { o.UsePathStyle = true })
	d := &glueTypes.StorageDescriptor{Location: aws.String("s3://results/days/"), Columns: []glueTypes.Column{{Name: aws.String("name"), Type: aws.String("string")}},
		SerdeInfo: &glueTypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe")}}
	if _, err := tables.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("tpch"), TableInput: &glueTypes.TableInput{Name: aws.String("days"),
		TableType: aws.String("EXTERNAL_TABLE"), StorageDescriptor: d, PartitionKeys: []glueTypes.Column{{Name: aws.String("day"), Type: aws.String("string")},
			{Name: aws.String("place"), Type: aws.String("int")}}}}); err != nil {
		return err
	}
	const batch, writers = 100, 8
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for from := w * batch; from < partitionsOfTable && errs[w] == nil; from += writers * batch {
				errs[w] = addPartitions(ctx, tables, objects, d, from, from+batch)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func addPartitions(ctx context.Context, tables *glue.Client, objects *s3.Client, d *glueTypes.StorageDescriptor, from, to int) error {
	const places = 200
	in := &glue.BatchCreatePartitionInput{DatabaseName: aws.String("tpch"), TableName: aws.String("days")}
	for i := from; i < to; i++ {
		day, place := fmt.Sprintf("d%04d", i/places), fmt.Sprint(i%places)
		of, folder := *d, "days/day="+day+"/place="+place+"/"
		of.Location = aws.String("s3://results/" + folder)
		in.PartitionInputList = append(in.PartitionInputList, glueTypes.PartitionInput{Values: []string{day, place}, StorageDescriptor: &of})
		if day != "d0007" {
			continue
		}
		if _, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("results"), Key: aws.String(folder + "a"), Body: strings.NewReader("x\n")}); err != nil {
			return err
		}
	}
	_, err := tables.BatchCreatePartition(ctx, in)
	return err
}
