# shellcheck shell=sh
# The external side of Orrery Pipes for POSIX shells: one file, to be sourced.
#
#     . ./orrery_pipes.sh
#     pipes_open
#     pipes_log INFO "partition $(pipes_get partition_key)"
#     pipes_report_asset_materialization --metadata rows:int=12 --metadata report:url=https://example.org
#     pipes_report_asset_check not_empty true
#     pipes_close
#
# Needs awk, base64 and gzip, and no jq. Where perl is, messages go to the socket of an orchestrator on this machine, by
# the descriptors 8 and 9; else to the file that it names. A shell that ends without `pipes_close` closes by itself, and tells an exit
# status that is not 0 as an exception; for this `pipes_open` takes the trap EXIT. If you need that trap, call
# `pipes_close` in yours. In a process that no orchestrator launched, `pipes_open` warns and all else does nothing.
# Names that begin with `_pipes` are its own.

_pipes_channel=
_pipes_context=
_pipes_number=
_pipes_materialized=
_pipes_tab='	'
_pipes_bridge=
_pipes_progress=
_pipes_values=
_pipes_longest=

# One JSON parser, in awk. Reads a JSON text from stdin and prints the value at the path in the environment variable
# PIPES_PATH (keys and indexes, separated by \001): strings decoded, all else as JSON. Ends with 1 if there is no such
# value, with 2 if the text is no JSON.
_pipes_parser='
function fail() { exit_code = 2; exit 2 }
function skip_space() { while (at <= size && index(" \t\r\n", substr(text, at, 1))) at++ }
function utf8(code) {
    if (code < 128) return sprintf("%c", code)
    if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
    if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
    return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, 128 + code % 64)
}
function hex4(   i, digit, code) {
    code = 0
    for (i = 0; i < 4; i++) {
        digit = index("0123456789abcdef", tolower(substr(text, at + i, 1))) - 1
        if (digit < 0 || at + i > size) fail()
        code = code * 16 + digit
    }
    at += 4
    return code
}
function string(   sign, out, code, low, run) {
    if (substr(text, at, 1) != "\"") fail()
    at++
    out = ""
    while (1) {
        run = match(substr(text, at), /["\\]/)
        if (!run) fail()
        out = out substr(text, at, run - 1)
        at += run - 1
        sign = substr(text, at++, 1)
        if (sign == "\"") return out
        sign = substr(text, at++, 1)
        if (sign == "u") {
            code = hex4()
            if (code >= 55296 && code < 56320 && substr(text, at, 2) == "\\u") {
                at += 2
                low = hex4()
                code = 65536 + (code - 55296) * 1024 + low - 56320
            }
            out = out utf8(code)
        } else if (sign in escapes) out = out escapes[sign]
        else fail()
    }
}
# Reads one value whose path is `path`, `wanted` telling whether it is the one that is asked for.
function value(path,   start, sign, decoded, i, key, is_string) {
    skip_space()
    start = at
    is_string = 0
    sign = substr(text, at, 1)
    if (sign == "{") {
        at++
        skip_space()
        if (substr(text, at, 1) == "}") at++
        else while (1) {
            skip_space()
            key = string()
            skip_space()
            if (substr(text, at++, 1) != ":") fail()
            value(path == "" ? "\001" key : path "\001" key)
            skip_space()
            sign = substr(text, at++, 1)
            if (sign == "}") break
            if (sign != ",") fail()
        }
    } else if (sign == "[") {
        at++
        skip_space()
        if (substr(text, at, 1) == "]") at++
        else for (i = 0; ; i++) {
            value(path "\001" i)
            skip_space()
            sign = substr(text, at++, 1)
            if (sign == "]") break
            if (sign != ",") fail()
        }
    } else if (sign == "\"") {
        decoded = string()
        is_string = 1
    } else if (match(substr(text, at), /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/)) at += RLENGTH
    else if (match(substr(text, at), /^(true|false|null|NaN|-?Infinity)/)) at += RLENGTH
    else fail()
    if (path == ENVIRON["PIPES_PATH"]) {
        found = 1
        answer = is_string ? decoded : substr(text, start, at - start)
    }
}
BEGIN {
    escapes["\""] = "\""; escapes["\\"] = "\\"; escapes["/"] = "/"
    escapes["b"] = "\b"; escapes["f"] = "\f"; escapes["n"] = "\n"; escapes["r"] = "\r"; escapes["t"] = "\t"
}
{ text = text (NR > 1 ? "\n" : "") $0 }
END {
    if (exit_code) exit exit_code
    size = length(text)
    at = 1
    value("")
    skip_space()
    if (at <= size) fail()
    if (!found) exit 1
    printf "%s", answer
}'

# Reads any bytes from stdin and prints them as a JSON string of ASCII; bytes that are no UTF-8 become U+FFFD.
_pipes_quoter='
function unit(code) { printf "\\u%04x", code }
BEGIN { for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i }
{ text = text (NR > 1 ? "\n" : "") $0 }
END {
    size = length(text) - 1  # the last sign is the mark that keeps line ends
    printf "\""
    for (i = 1; i <= size; i++) {
        sign = substr(text, i, 1)
        code = ord[sign]
        if (sign == "\"" || sign == "\\") printf "\\%s", sign
        else if (code >= 32 && code < 127) printf "%s", sign
        else if (code < 128) unit(code)
        else {
            more = code >= 240 && code < 245 ? 3 : code >= 224 && code < 240 ? 2 : code >= 194 && code < 224 ? 1 : 0
            point = more == 3 ? code - 240 : more == 2 ? code - 224 : code - 192
            good = more > 0 && i + more <= size
            for (k = 1; good && k <= more; k++) {
                next_code = ord[substr(text, i + k, 1)]
                if (next_code < 128 || next_code > 191) good = 0
                point = point * 64 + next_code - 128
            }
            if (good && (more == 2 && (point < 2048 || (point >= 55296 && point < 57344)) || more == 3 && (point < 65536 || point > 1114111))) good = 0
            if (!good) unit(65533)
            else {
                if (point > 65535) { unit(55296 + int((point - 65536) / 1024)); unit(56320 + (point - 65536) % 1024) }
                else unit(point)
                i += more
            }
        }
    }
    printf "\""
}'

# Takes lines from stdin to the socket at the path of its argument, and answers each with a line, once the orchestrator
# has taken it; a line without text ends it. Shells know no sockets, and the tools that do differ too much.
_pipes_to_socket='
use Socket;
socket($socket, PF_UNIX, SOCK_STREAM, 0) && connect($socket, pack_sockaddr_un($ARGV[0])) || exit 1;
$| = 1;
print "connected\n";
while (defined($line = <STDIN>) && $line ne "\n") {
    for ($at = 0; $at < length($line); $at += $size) {
        defined($size = syswrite($socket, $line, length($line) - $at, $at)) || exit 1;
    }
    $sent++;
    while ($taken < $sent) {
        sysread($socket, $answer, 8 - length($answer), length($answer)) || exit 1;
        if (length($answer) == 8) { $taken = unpack("x4N", $answer); $answer = "" }
    }
    print "taken\n";
}'

_pipes_fail() {
    printf 'orrery_pipes: %s\n' "$1" >&2
    return 1
}

_pipes_quote() {
    printf '%s.' "$1" | LC_ALL=C awk "$_pipes_quoter"
}

# Print the value in the JSON text $1 at the path of the other arguments.
_pipes_at() {
    _pipes_text=$1
    shift
    _pipes_path=
    for _pipes_part in "$@"; do
        _pipes_path="$_pipes_path$(printf '\001')$_pipes_part"
    done
    printf '%s' "$_pipes_text" | PIPES_PATH=$_pipes_path LC_ALL=C awk "$_pipes_parser"
}

# Print what $1 was made of: JSON, packed by zlib, as base64. The head of a gzip file in front of the two bytes that
# begin a zlib stream makes gzip unpack it; gzip then complains of the end, where it misses its own checksum.
_pipes_decode() {
    { printf '\037\213\010\000\000\000\000\000'; printf '%s' "$1" | base64 -d; } | gzip -dc 2>/dev/null || :
}

# Begin to send to the orchestrator's socket at $1; 1 if it cannot be reached from here.
_pipes_connect() {
    command -v perl >/dev/null 2>&1 && [ -S "$1" ] || return 1
    _pipes_in=${1%/*}/in-$$
    _pipes_out=${1%/*}/out-$$
    mkfifo -m 600 "$_pipes_in" "$_pipes_out" 2>/dev/null || return 1
    # In a shell of its own that ends at once: a plain `wait` of the program does not wait for it.
    (perl -e "$_pipes_to_socket" "$1" <"$_pipes_in" >"$_pipes_out" 2>/dev/null &)
    _pipes_bridge=runs
    # For reading too, so that a bridge that has broken does not end the shell by a signal.
    exec 8<>"$_pipes_in" 9<"$_pipes_out"
    rm -f "$_pipes_in" "$_pipes_out"
    if _pipes_answered; then return 0; fi
    _pipes_disconnect
    return 1
}

_pipes_answered() {
    IFS= read -r _pipes_answer <&9
}

_pipes_disconnect() {
    if [ -z "$_pipes_bridge" ]; then return 0; fi
    printf '\n' >&8
    exec 8>&-
    while _pipes_answered; do :; done # until it has ended
    exec 9<&-
    _pipes_bridge=
}

# pipes_open: get ready. Call it once, before all else.
pipes_open() {
    if [ -z "${DAGSTER_PIPES_CONTEXT-}" ] || [ -z "${DAGSTER_PIPES_MESSAGES-}" ]; then
        printf 'orrery_pipes: this process was not launched by an orchestrator; all calls do nothing.\n' >&2
        _pipes_channel=none
        return 0
    fi
    _pipes_params=$(_pipes_decode "$DAGSTER_PIPES_MESSAGES")
    if _pipes_target=$(_pipes_at "$_pipes_params" path); then
        _pipes_channel=file
        if _pipes_socket=$(_pipes_at "$_pipes_params" orrery socket path) && _pipes_connect "$_pipes_socket"; then
            _pipes_channel=socket
        fi
    elif _pipes_target=$(_pipes_at "$_pipes_params" stdio) || _pipes_target=$(_pipes_at "$_pipes_params" buffered_stdio); then
        _pipes_channel=$_pipes_target
    else
        _pipes_fail "expected path, stdio or buffered_stdio in the params for messages, received: $_pipes_params"
        return 1
    fi
    if [ "$(_pipes_at "$_pipes_params" orrery numbers)" = true ]; then _pipes_number=0; fi
    _pipes_progress=$(_pipes_at "$_pipes_params" orrery progress) || _pipes_progress=false
    _pipes_values=$(_pipes_at "$_pipes_params" orrery values) || _pipes_values=
    _pipes_longest=$(_pipes_at "$_pipes_params" orrery longest_message_bytes) || _pipes_longest=
    _pipes_send opened '{"extras": {}}' || return 1
    trap '_pipes_at_exit $?' EXIT

    _pipes_params=$(_pipes_decode "$DAGSTER_PIPES_CONTEXT")
    if _pipes_target_of_context=$(_pipes_at "$_pipes_params" path); then
        _pipes_context=$(cat "$_pipes_target_of_context") || return 1
    else
        _pipes_context=$(_pipes_at "$_pipes_params" data) || {
            _pipes_fail "expected path or data in the params for the context, received: $_pipes_params"
            return 1
        }
    fi
}

# Send the message of method $1 with the params $2, JSON.
_pipes_send() {
    if [ "$_pipes_channel" = closed ]; then
        _pipes_fail 'cannot send message after pipes context is closed.'
        return 1
    fi
    _pipes_line="{\"__dagster_pipes_version\": \"0.1\", \"method\": \"$1\", \"params\": $2"
    if [ -n "$_pipes_longest" ] && [ "${#_pipes_line}" -gt "$((_pipes_longest - 100))" ]; then
        _pipes_fail "cannot send a '$1' message of ${#_pipes_line} bytes: the orchestrator takes at most $_pipes_longest. Hand a large value over by reference, with pipes_put_value."
        return 1
    fi
    if [ -n "$_pipes_number" ]; then
        _pipes_number=$((_pipes_number + 1))
        _pipes_line="$_pipes_line, \"number\": $_pipes_number"
    fi
    case $_pipes_channel in
        socket)
            printf '%s\n' "$_pipes_line}" >&8
            if ! _pipes_answered; then
                # What was not acknowledged goes to the file, marked as sent again; from now on, all does.
                _pipes_disconnect
                _pipes_channel=file
                printf '%s\n' "$_pipes_line, \"again\": true}" >>"$_pipes_target"
            fi
            ;;
        file) printf '%s\n' "$_pipes_line}" >>"$_pipes_target" ;;
        stdout) printf '%s\n' "$_pipes_line}" ;;
        stderr) printf '%s\n' "$_pipes_line}" >&2 ;;
        *) _pipes_fail 'call pipes_open first.' ;;
    esac
}

# pipes_get KEY...: print a value of the context; further arguments lead into it. 1 if there is none.
#     pipes_get run_id; pipes_get extras source; pipes_get partition_key_range start
pipes_get() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    _pipes_at "$_pipes_context" "$@"
}

# pipes_asset_keys: print the keys of the assets in scope, one a line.
pipes_asset_keys() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    _pipes_index=0
    while _pipes_key=$(pipes_get asset_keys "$_pipes_index") && [ -n "$_pipes_key" ]; do
        printf '%s\n' "$_pipes_key"
        _pipes_index=$((_pipes_index + 1))
    done
}

# pipes_log LEVEL MESSAGE: LEVEL is DEBUG, INFO, WARNING, ERROR or CRITICAL.
pipes_log() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    case $1 in
        DEBUG | INFO | WARNING | ERROR | CRITICAL) ;;
        *)
            _pipes_fail "unknown level '$1'; use DEBUG, INFO, WARNING, ERROR or CRITICAL."
            return 1
            ;;
    esac
    _pipes_send log "{\"message\": $(_pipes_quote "$2"), \"level\": \"$1\"}"
}

# pipes_report_custom_message JSON
pipes_report_custom_message() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    _pipes_check_json "$1" || return 1
    _pipes_send report_custom_message "{\"payload\": $_pipes_json}"
}

# pipes_log_external_stream NAME TEXT
pipes_log_external_stream() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    _pipes_send log_external_stream "{\"stream\": $(_pipes_quote "$1"), \"text\": $(_pipes_quote "$2"), \"extras\": {}}"
}

# pipes_report_progress DONE [TOTAL [TEXT]]: how far the work has come, in units of your own. An orchestrator that does
# not ask for it is not told.
pipes_report_progress() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    for _pipes_part in "$1" ${2:+"$2"}; do
        case $_pipes_part in
            '' | *[!0-9.]* | *.*.* | .* | *. | 0[0-9]*)
                _pipes_fail "progress is told in numbers, not '$_pipes_part'."
                return 1
                ;;
        esac
    done
    if [ "$_pipes_progress" != true ]; then return 0; fi
    _pipes_part=null
    if [ $# -gt 2 ]; then _pipes_part=$(_pipes_quote "$3"); fi
    _pipes_send report_progress "{\"done\": $1, \"total\": ${2:-null}, \"text\": $_pipes_part}"
}

# pipes_value_file NAME: print the path of the file in which a value lies that the orchestrator handed over by reference.
pipes_value_file() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    if ! _pipes_path_of_value=$(_pipes_at "$_pipes_values" given "$1" path 2>/dev/null); then
        _pipes_fail "value '$1' is undefined; values are given at the launch, to processes of the orchestrator's own machine."
        return 1
    fi
    _pipes_digest=$(_pipes_sha256 "$_pipes_path_of_value") || return 1
    if [ "$_pipes_digest" != "$(_pipes_at "$_pipes_values" given "$1" sha256)" ]; then
        _pipes_fail "the file $_pipes_path_of_value is not what was written: its digest differs."
        return 1
    fi
    printf '%s\n' "$_pipes_path_of_value"
}

# pipes_get_value NAME: print a value that the orchestrator handed over by reference: text and bytes as they are, or JSON.
pipes_get_value() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    _pipes_file=$(pipes_value_file "$1") || return 1
    _pipes_format=$(_pipes_at "$_pipes_values" given "$1" format)
    case $_pipes_format in
        text | bytes | json) cat "$_pipes_file" ;;
        *)
            _pipes_fail "value '$1' is of the format '$_pipes_format'; take its file, from pipes_value_file."
            return 1
            ;;
    esac
}

# pipes_put_value FORMAT FILE [ASSET_KEY]: hand the value of an asset over by reference; its IO manager stores it.
# FORMAT is text, bytes, json or parquet.
pipes_put_value() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    case $1 in
        text | bytes | json | parquet) ;;
        *)
            _pipes_fail "a value is text, bytes, json or parquet, not '$1'."
            return 1
            ;;
    esac
    if ! _pipes_folder=$(_pipes_at "$_pipes_values" folder 2>/dev/null); then
        _pipes_fail 'the orchestrator offers no folder for values: it does on its own machine; elsewhere write to a store, and report where.'
        return 1
    fi
    _pipes_asset_key=${3-}
    _pipes_resolve_asset_key || return 1
    _pipes_file=$(mktemp "$_pipes_folder/value-XXXXXX") && cat <"$2" >"$_pipes_file" || return 1
    _pipes_digest=$(_pipes_sha256 "$_pipes_file") || return 1
    _pipes_send report_value "{\"asset_key\": $(_pipes_quote "$_pipes_asset_key"), \"value\": {\"path\": $(_pipes_quote "$_pipes_file"), \"format\": \"$1\", \"sha256\": \"$_pipes_digest\", \"size_bytes\": $(($(wc -c <"$_pipes_file")))}}"
}

# Print the SHA-256 of the file $1.
_pipes_sha256() {
    if command -v sha256sum >/dev/null 2>&1; then
        _pipes_sum=$(sha256sum <"$1")
    elif command -v shasum >/dev/null 2>&1; then
        _pipes_sum=$(shasum -a 256 <"$1")
    else
        _pipes_fail 'values need sha256sum or shasum.'
        return 1
    fi || return 1
    printf '%s' "${_pipes_sum%% *}"
}

# pipes_report_asset_materialization [--metadata NAME[:TYPE]=VALUE]... [--data-version VERSION] [--asset-key KEY]
# Without a type a value is taken as text. Types: text url path notebook json md float int bool dagster_run asset null
# table table_schema table_column_lineage timestamp.
pipes_report_asset_materialization() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    _pipes_options "$@" || return 1
    _pipes_resolve_asset_key || return 1
    case $_pipes_materialized in
        *"$_pipes_tab$_pipes_asset_key$_pipes_tab"*)
            _pipes_fail "asset '$_pipes_asset_key' has already been materialized."
            return 1
            ;;
    esac
    _pipes_send report_asset_materialization \
        "{\"asset_key\": $(_pipes_quote "$_pipes_asset_key"), \"data_version\": $_pipes_data_version, \"metadata\": $_pipes_metadata}" || return 1
    _pipes_materialized="$_pipes_materialized$_pipes_tab$_pipes_asset_key$_pipes_tab"
}

# pipes_report_asset_check NAME true|false [--severity WARN|ERROR] [--metadata NAME[:TYPE]=VALUE]... [--asset-key KEY]
pipes_report_asset_check() {
    if [ "$_pipes_channel" = none ]; then return 0; fi
    if [ $# -lt 2 ]; then
        _pipes_fail 'a check needs its name and its result: pipes_report_asset_check NAME true|false.'
        return 1
    fi
    _pipes_check_name=$1
    _pipes_passed=$2
    shift 2
    case $_pipes_passed in
        true | false) ;;
        *)
            _pipes_fail "the result of a check is true or false, not '$_pipes_passed'."
            return 1
            ;;
    esac
    _pipes_options "$@" || return 1
    _pipes_resolve_asset_key || return 1
    _pipes_send report_asset_check \
        "{\"asset_key\": $(_pipes_quote "$_pipes_asset_key"), \"check_name\": $(_pipes_quote "$_pipes_check_name"), \"passed\": $_pipes_passed, \"metadata\": $_pipes_metadata, \"severity\": \"$_pipes_severity\"}"
}

# pipes_close [MESSAGE]: end; with a message, as a failure. Calls after the first do nothing.
pipes_close() {
    case $_pipes_channel in
        closed | none | '') return 0 ;;
    esac
    if [ $# -gt 0 ]; then
        _pipes_exception="{\"message\": $(_pipes_quote "$1"), \"stack\": [], \"name\": null, \"cause\": null, \"context\": null}"
        _pipes_send closed "{\"exception\": $_pipes_exception}"
    else
        _pipes_send closed '{}'
    fi
    _pipes_disconnect
    _pipes_channel=closed
}

_pipes_at_exit() {
    if [ "$1" -eq 0 ]; then pipes_close; else pipes_close "the shell ended with exit status $1"; fi
}

# Check that $1 is JSON, and leave it on one line in _pipes_json.
_pipes_check_json() {
    printf '%s' "$1" | PIPES_PATH='' LC_ALL=C awk "$_pipes_parser" >/dev/null || {
        _pipes_fail "this is no JSON: $1"
        return 1
    }
    _pipes_json=$(printf '%s' "$1" | tr '\n\r' '  ')
}

_pipes_options() {
    _pipes_metadata=
    _pipes_data_version=null
    _pipes_severity=ERROR
    _pipes_asset_key=
    while [ $# -gt 0 ]; do
        case $1 in
            --metadata | --data-version | --asset-key | --severity) ;;
            *)
                _pipes_fail "unknown option '$1'; there are --metadata, --data-version, --asset-key and --severity."
                return 1
                ;;
        esac
        if [ $# -lt 2 ]; then
            _pipes_fail "the option $1 lacks its value."
            return 1
        fi
        case $1 in
            --metadata) _pipes_add_metadata "$2" || return 1 ;;
            --data-version) _pipes_data_version=$(_pipes_quote "$2") ;;
            --asset-key) _pipes_asset_key=$2 ;;
            --severity)
                case $2 in
                    WARN | ERROR) _pipes_severity=$2 ;;
                    *)
                        _pipes_fail "the severity is WARN or ERROR, not '$2'."
                        return 1
                        ;;
                esac
                ;;
        esac
        shift 2
    done
    if [ -n "$_pipes_metadata" ]; then _pipes_metadata="{$_pipes_metadata}"; else _pipes_metadata=null; fi
}

_pipes_add_metadata() {
    case $1 in
        *=*) ;;
        *)
            _pipes_fail "metadata is NAME=VALUE or NAME:TYPE=VALUE, not '$1'."
            return 1
            ;;
    esac
    _pipes_name=${1%%=*}
    _pipes_raw=${1#*=}
    case $_pipes_name in
        *:*)
            _pipes_type=${_pipes_name##*:}
            _pipes_name=${_pipes_name%:*}
            ;;
        *) _pipes_type=__infer__ ;;
    esac
    case $_pipes_type in
        __infer__ | text | url | path | notebook | md | dagster_run | asset) _pipes_raw=$(_pipes_quote "$_pipes_raw") ;;
        int | float | bool | json | table | table_schema | table_column_lineage | timestamp)
            # What is no whole number or no truth value would be refused there, and the whole report with it.
            case $_pipes_type:$_pipes_raw in
                int: | int:- | int:*[!0-9-]* | int:?*-*)
                    _pipes_fail "the metadata '$_pipes_name' of the type int is a whole number, not '$_pipes_raw'."
                    return 1
                    ;;
                bool:true | bool:false) ;;
                bool:*)
                    _pipes_fail "the metadata '$_pipes_name' of the type bool is true or false, not '$_pipes_raw'."
                    return 1
                    ;;
            esac
            _pipes_check_json "$_pipes_raw" || return 1
            _pipes_raw=$_pipes_json
            # The reference takes a float without its point for an error in the protocol.
            case $_pipes_type$_pipes_raw in
                float*[.eEN]*) ;;
                float*) _pipes_raw=$_pipes_raw.0 ;;
            esac
            ;;
        null) _pipes_raw=null ;;
        *)
            _pipes_fail "unknown type of metadata '$_pipes_type'."
            return 1
            ;;
    esac
    _pipes_metadata="${_pipes_metadata:+$_pipes_metadata, }$(_pipes_quote "$_pipes_name"): {\"raw_value\": $_pipes_raw, \"type\": \"$_pipes_type\"}"
}

_pipes_resolve_asset_key() {
    _pipes_in_scope=$(pipes_asset_keys)
    if [ -n "$_pipes_asset_key" ]; then
        if [ -n "$_pipes_in_scope" ] && ! printf '%s\n' "$_pipes_in_scope" | grep -qxF -e "$_pipes_asset_key"; then
            _pipes_fail "asset '$_pipes_asset_key' is not in scope; expected one of: $_pipes_in_scope"
            return 1
        fi
        return 0
    fi
    case $_pipes_in_scope in
        '')
            _pipes_fail 'the step does not target an asset: give --asset-key.'
            return 1
            ;;
        *'
'*)
            _pipes_fail "the step targets several assets: give --asset-key, one of: $_pipes_in_scope"
            return 1
            ;;
    esac
    _pipes_asset_key=$_pipes_in_scope
}
