// Package layout finds the tables in the folders of a bucket, by the rules that AWS documents for Glue's crawlers: folders whose
// files are alike are the partitions of one table, folders that differ are tables of their own. It reads nothing: each file
// comes with what was found in it.
//
// Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html,
// https://docs.aws.amazon.com/glue/latest/dg/crawler-grouping-policy.html,
// https://docs.aws.amazon.com/glue/latest/dg/crawler-table-level.html and
// https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
package layout

import (
	"github.com/atelier-studio/atelier/internal/engines/tabular"
)

// File is an object and what it holds. Files share schemas, which are never changed in place.
type File struct {
	Key     string
	Size    int64 // as it is stored
	Records int64
	Average int64 // bytes of a record, unpacked
	Schema  *tabular.Schema
}

// Options say how tables are found.
type Options struct {
	Level   int  // on which tables begin: 1 is the bucket, 0 any
	Combine bool // files of one format are of one table, whatever their columns
	Whole   bool // all that is there is of one table
}

// Stats is how much data there is.
type Stats struct{ Objects, Bytes, Records, Unpacked int64 }

// Average is the size of a record in bytes, unpacked.
func (s Stats) Average() int64 {
	if s.Records == 0 {
		return 0
	}
	return s.Unpacked / s.Records
}

func (s *Stats) add(o Stats) {
	s.Objects, s.Bytes, s.Records, s.Unpacked = s.Objects+o.Objects, s.Bytes+o.Bytes, s.Records+o.Records, s.Unpacked+o.Unpacked
}

func (f File) stats() Stats { return Stats{1, f.Size, f.Records, f.Records * f.Average} }

// Key is a partition key, with its Hive type.
type Key struct{ Name, Type string }

// Partition is a folder of a table.
type Partition struct {
	Values []string
	Path   string
	Schema *tabular.Schema
	Stats  Stats
}

// Table is a folder or a file that is a table.
type Table struct {
	Name       string // of the folder or file, as a table's name
	Path       string // key of the file, or prefix that ends with "/"; "" is the bucket
	Schema     *tabular.Schema
	Keys       []Key
	Partitions []Partition
	Stats      Stats
}

// Left is a file that is of no table.
type Left struct{ Key, Why string }

// Tables finds the tables below a prefix, "" or ending with "/". Files are in order of their keys.
func Tables(bucket, root string, files []File, o Options) ([]Table, []Left) {
	g := &grouper{bucket: bucket, o: o}
	top := &node{path: root, level: 1 + countFolders(root)}
	for _, f := range files {
		top.add(f, f.Key[len(root):])
	}
	if o.Whole {
		if s := g.force(top); s != nil {
			g.finish(top, s, true)
		}
	} else if s := g.look(top); s != nil {
		g.finish(top, s, o.Level == top.level)
	}
	return g.tables, g.left
}

// Single is the table of one file.
func Single(f File) Table {
	s := *f.Schema
	return Table{Name: fileName(f.Key), Path: f.Key, Schema: &s, Stats: f.stats()}
}
