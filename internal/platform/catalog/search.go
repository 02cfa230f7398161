package catalog

import (
	"context"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Digest is what is known of a table without reading it.
type Digest struct {
	ID                         string // of the table's key
	Resource                   governance.Resource
	Created, Updated, Accessed time.Time

	slot   uint32      // on the shelf
	text   string      // all values but the columns', in lower case, each between two "\n"
	column string      // the columns'
	fields []attribute // parts of text
}

// attribute is a value of text under its attribute's name in lower case.
type attribute struct{ name, value string }

type scope struct{ account, region string }

// DigestOf reads a table.
func DigestOf(id string, t *types.Table) *Digest {
	d := &Digest{ID: id, Created: aws.ToTime(t.CreateTime), Updated: aws.ToTime(t.UpdateTime), Accessed: aws.ToTime(t.LastAccessTime),
		Resource: Table{Table: *t}.Resource()}
	type at struct {
		name     string
		from, to int
	}
	var b strings.Builder
	var list []at
	b.WriteByte('\n')
	put := func(name string, value *string) {
		if v := aws.ToString(value); v != "" {
			from := b.Len()
			b.WriteString(line(v))
			list = append(list, at{name, from, b.Len()})
			b.WriteByte('\n')
		}
	}
	put("name", t.Name)
	put("databasename", t.DatabaseName)
	put("catalogid", t.CatalogId)
	put("description", t.Description)
	put("owner", t.Owner)
	put("createdby", t.CreatedBy)
	put("tabletype", t.TableType)
	put("vieworiginaltext", t.ViewOriginalText)
	put("viewexpandedtext", t.ViewExpandedText)
	if sd := t.StorageDescriptor; sd != nil {
		put("location", sd.Location)
		put("inputformat", sd.InputFormat)
		put("outputformat", sd.OutputFormat)
		if sd.SerdeInfo != nil {
			put("serializationlibrary", sd.SerdeInfo.SerializationLibrary)
		}
	}
	for k, v := range t.Parameters {
		put(strings.ToLower(k), &v)
	}
	d.text = b.String()
	for _, f := range list {
		d.fields = append(d.fields, attribute{f.name, d.text[f.from:f.to]})
	}
	b = strings.Builder{}
	b.WriteByte('\n')
	for _, c := range (Table{Table: *t}).Columns() {
		for _, v := range []*string{c.Name, c.Type, c.Comment} {
			if v != nil && *v != "" {
				b.WriteString(line(*v))
				b.WriteByte('\n')
			}
		}
	}
	d.column = b.String()
	return d
}

func line(s string) string { return strings.ReplaceAll(strings.ToLower(s), "\n", " ") }

// Says tells whether a text is found in the table's attributes, and whether it is found there without looking at columns.
// Of a text in quotes a whole value has to be equal; else each word has to be somewhere.
func (d *Digest) Says(text string) (found, beside bool) {
	text = line(strings.TrimSpace(text))
	if n := len(text); n >= 2 && (text[0] == '"' && text[n-1] == '"' || text[0] == '\'' && text[n-1] == '\'') {
		text = "\n" + text[1:n-1] + "\n"
		beside = strings.Contains(d.text, text)
		return beside || strings.Contains(d.column, text), beside
	}
	beside = true
	for word := range strings.FieldsSeq(text) {
		if strings.Contains(d.text, word) {
			continue
		}
		if beside = false; !strings.Contains(d.column, word) {
			return false, false
		}
	}
	return true, beside
}

// Has tells whether an attribute or parameter has the value, or has it among the words that punctuation parts.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html
func (d *Digest) Has(attribute, value string) bool {
	attribute, value = strings.ToLower(attribute), line(value)
	for _, f := range d.fields {
		if f.name != attribute {
			continue
		}
		if f.value == value {
			return true
		}
		for word := range strings.FieldsFuncSeq(f.value, punctuation) {
			if word == value {
				return true
			}
		}
	}
	return false
}

func punctuation(r rune) bool { return strings.ContainsRune(" \t-:#./,;|@&()[]{}'\"", r) }

// Get is the value of an attribute, in lower case.
func (d *Digest) Get(attribute string) string {
	attribute = strings.ToLower(attribute)
	for _, f := range d.fields {
		if f.name == attribute {
			return f.value
		}
	}
	return ""
}

// digest keeps the digests.
func (d *Directory) digest(k store.Key, now *Table) {
	in := scope{k.Account, k.Region}
	s := d.scopes[in]
	if s == nil {
		s = newShelf()
		d.scopes[in] = s
	}
	if now == nil {
		s.remove(k.ID)
		return
	}
	s.set(DigestOf(k.ID, &now.Table))
}

// Search finds the digests of an account's tables that say text, "" for all, and for which match is true, in order of their
// ids. Only ids that begin with within are looked at. match is called with the catalogs held still, and must not read or change
// them.
func (d *Directory) Search(ctx context.Context, account, region, within, text string, match func(*Digest) bool) (out []*Digest, err error) {
	err = d.image.Read(ctx, func() {
		if s := d.scopes[scope{account, region}]; s != nil {
			s.search(within, text, func(e *Digest) {
				if match(e) {
					out = append(out, e)
				}
			})
		}
	})
	return out, err
}
