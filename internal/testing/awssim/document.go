package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

const documentToken = "aws:ssm/document:Document"

// ssmDocument is a document of Systems Manager; the model has those of sessions.
type ssmDocument struct {
	name, content, description string
	version                    int
}

var documentName = regexp.MustCompile(`^[a-zA-Z0-9_\-.]{3,128}$`)

var documentType = define(resourceType{
	token: documentToken, title: "SSM Document",
	source: "internal/service/ssm/document.go",
	inputs: properties{
		"content":        {kind: document, required: true},
		"documentFormat": {kind: text, fallback: "JSON", oneOf: []string{"JSON"}},
		"documentType":   {kind: text, required: true, replaces: true, oneOf: []string{"Session"}},
		"name": {kind: text, replaces: true, computed: true, valid: func(value any) error {
			lower := strings.ToLower(value.(string))
			if !documentName.MatchString(lower) || strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "amazon") || strings.HasPrefix(lower, "amzn") {
				return fmt.Errorf("%q must contain only alphanumeric, underscore, hyphen, or period characters (3-128), and not begin with aws, amazon or amzn", value)
			}
			return nil
		}},
	},
	outputs: []string{
		"arn", "createdDate", "defaultVersion", "description", "documentVersion", "hash", "hashType", "latestVersion", "owner", "parameters",
		"platformTypes", "schemaVersion", "status",
	},
	refused:  []string{"attachmentsSources", "permissions", "targetType", "versionName"},
	tagged:   true,
	autoname: "name",
}, createDocument, updateDocument, deleteDocument)

func createDocument(t *call) (string, *ssmDocument, error) {
	d := &ssmDocument{name: t.in.text("name")}
	if t.c.documents[d.name] != nil {
		return "", nil, refuseSSM("CreateDocument", "DocumentAlreadyExists", "Document with same name %s already exists", d.name)
	}
	if err := d.set(t, "CreateDocument"); err != nil {
		return "", nil, err
	}
	t.c.documents[d.name] = d
	return d.name, d, nil
}

// set follows docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html.
func (d *ssmDocument) set(t *call, operation string) error {
	invalid := func(format string, args ...any) error {
		return refuseSSM(operation, "InvalidDocumentContent", format, args...)
	}
	var content struct {
		SchemaVersion, Description, SessionType string
		Inputs                                  map[string]any
		Parameters                              map[string]struct{ Type, Description, AllowedPattern, Default string }
		Properties                              map[string]any
	}
	decoder := json.NewDecoder(strings.NewReader(t.in.text("content")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&content); err != nil {
		return invalid("JSON not well-formed. (%s)", err)
	}
	if content.SchemaVersion != "1.0" {
		return invalid("Session documents must have schemaVersion 1.0, not %q", content.SchemaVersion)
	}
	switch content.SessionType {
	case "Standard_Stream":
		if content.Inputs == nil {
			return invalid("inputs must be set")
		}
	case "Port":
		if content.Properties["portNumber"] == nil || content.Properties["type"] != "LocalPortForwarding" {
			return invalid("properties must have a portNumber and the type LocalPortForwarding")
		}
	default:
		return invalid("sessionType %q is not modeled by the simulated AWS", content.SessionType)
	}
	d.content, d.description = t.in.text("content"), content.Description
	d.version++
	return nil
}

func updateDocument(t *call, d *ssmDocument) error {
	if !t.changed("content") {
		return nil
	}
	return d.set(t, "UpdateDocument")
}

func deleteDocument(t *call, d *ssmDocument) error {
	delete(t.c.documents, d.name)
	return nil
}

func (d *ssmDocument) attributes(c *Cloud) values {
	sum, version := sha256.Sum256([]byte(d.content)), fmt.Sprint(d.version)
	return values{
		"arn": c.arn("ssm", "document/"+d.name), "name": d.name, "content": d.content, "createdDate": c.now(), "defaultVersion": version,
		"description": d.description, "documentVersion": version, "hash": hex.EncodeToString(sum[:]), "hashType": "Sha256", "latestVersion": version,
		"owner": c.options.AccountID, "parameters": []any{}, "platformTypes": []any{"Windows", "Linux", "MacOS"}, "schemaVersion": "1.0", "status": "Active",
	}
}
