import type { Frame } from '../../../trace/record.ts';

/** What a stack frame is, as bits: the state that a StackTracker goes through. */
export const EVALUATES = 1;
export const FINALIZES = 2;
export const COLLECTS = 4;
/** The nearest exported name of a program without symbols: code of the collector, as far as one can tell. */
export const MAY_COLLECT = 8;
/** What stands below belongs to whoever started this greenlet. */
export const STARTS_STACK = 16;
/** The program is ending, or the request is over: what runs now keeps nobody waiting. */
export const ENDS = 32;
/** The frame is code of gevent, eventlet or greenlet. */
export const GREEN = 64;

/**
 * Where CPython since 3.12 runs its collector, and handlers of signals: a frame without a name above it, in a program
 * without symbols, is one of the two.
 */
export const PENDING = 128;
/** The program has no symbols for it. */
export const NAMELESS = 256;
/** Without its symbols nothing of this run-time tells its collector. */
export const BLIND = 512;

/**
 * A pattern of names, what they are, and from which offset on a name is not itself but the neighbour of one that was
 * stripped.
 */
type Row = readonly [pattern: RegExp, kind: number, limit?: number];

/** The frames of one run-time; the same names may mean anything elsewhere. */
interface Names {
  readonly object: RegExp;
  readonly rows: readonly Row[];
}

/**
 * As stacks of CPython 3.6 to 3.13, PHP 8.2, Node.js 20 and Ruby 3.1 name them, recorded with and without symbols.
 */
const RUNTIMES: readonly Names[] = [
  {
    object: /^(?:lib)?python/,
    rows: [
      [/^(?:_PyEval_\w+|PyEval_Eval\w+|_PyFunction_(?:Vectorcall|FastCall\w*)|function_code_fastcall)$/, EVALUATES],
      // The evaluation has no name of its own in 3.14; the collector calls back through this one.
      [/^PyObject_CallOneArg$/, EVALUATES],
      [/^_Py_HandlePending$/, PENDING],
      [/^$/, NAMELESS],
      // 3.6 to 3.9, 3.10 and later.
      [
        /^(?:collect|collect_generations|collect_with_callback|gc_collect|gc_collect_(?:impl|generations|with_callback))$/,
        COLLECTS,
      ],
      [/^(?:gc_collect_(?:main|region|increment|young|full|internal)|_Py_RunGC)$/, COLLECTS],
      [/^_?PyGC_Collect\w*$/, COLLECTS, 0x100],
      [/^(?:handle_weakrefs?|handle_weakref_callbacks|finalize_garbage|delete_garbage)$/, COLLECTS],
      // An allocation that calls code of the language can only have collected (3.6 to 3.11).
      [/^_PyObject_GC_(?:Malloc|Link)$/, MAY_COLLECT, 0x200],
      [/^_PyObject_GC_New(?:Var)?$/, MAY_COLLECT, 0x80],
      [/^(?:subtype_dealloc|slot_tp_finalize|slot_tp_del)$/, FINALIZES],
      [/^PyObject_ClearWeakRefs$/, FINALIZES, 0x400],
      [/^PyObject_CallFinalizerFromDealloc$/, FINALIZES, 0x100],
      [/^(?:_?Py_Finalize(?:Ex)?|finalize_modules|Py_EndInterpreter)$/, ENDS],
    ],
  },
  {
    object: /^(?:php|libphp)/,
    rows: [
      [/^(?:execute_ex|zend_execute|zend_call_function|zend_call_known_\w+)$/, EVALUATES],
      [/^(?:zend_gc_collect_cycles|gc_collect_cycles|zend_gc_run)$/, COLLECTS],
      [/^zend_objects_destroy_object$/, FINALIZES],
      [/^(?:php_request_shutdown|shutdown_destructors|zend_call_destructors|php_module_shutdown)$/, ENDS],
    ],
  },
  {
    object: /^(?:node|libnode|libv8)/,
    rows: [
      // V8 waits for its own helper threads inside a collection: only what it calls back counts.
      [
        /^(?:Builtins_JSEntry\w*|v8::internal::Execution::\w+|v8::internal::GlobalHandles::\w*(?:Invoke|Process|PostGarbage)\w*)/,
        EVALUATES,
      ],
      [/^v8::internal::Heap::(?:CollectGarbage|CollectAllGarbage|PerformGarbageCollection)\b/, COLLECTS],
      [/FinalizationRegistryCleanupTask::RunInternal|InvokeFinalizationRegistryCleanupFromTask/, FINALIZES],
      [/^node::(?:FreeEnvironment|Stop|Environment::RunCleanup)\b/, ENDS],
    ],
  },
  {
    object: /^(?:lib)?ruby/,
    rows: [
      [/^(?:rb_)?vm_(?:exec|exec_core|invoke_proc|call0_body|call0)$/, EVALUATES],
      [/^$/, NAMELESS | BLIND],
      [/^(?:gc_finalize_deferred|run_final|run_finalizer|finalize_list|finalize_deferred)$/, COLLECTS],
      [
        /^(?:rb_objspace_call_finalizer|rb_gc_call_finalizer_at_exit|rb_ec_teardown|rb_ec_cleanup|ruby_cleanup|ruby_finalize)$/,
        ENDS,
      ],
    ],
  },
  {
    object: /^(?:lib)?pypy/,
    rows: [
      [/^pypy_g_\w*(?:execute_frame|dispatch)/, EVALUATES],
      [/^pypy_g_\w*call_(?:finalizer|destructor)/, FINALIZES],
    ],
  },
];
const GREENLET_START: Row = [/(?:^|::)(?:g_initialstub|inner_bootstrap)\b/, STARTS_STACK];
const NOTHING: Row = [/(?:)/, 0];
const GREEN_LIBRARY = /\/(?:gevent|greenlet|eventlet)\//;
/**
 * Exported names of the collector's interface, and the distance from which on they are only the nearest one: the
 * functions are shorter.
 */
const NEIGHBOURS: readonly (readonly [pattern: RegExp, from: number])[] = [
  [/^_?Py\w*GC_/, 0x400],
  // Three instructions long; the collector follows it in 3.11 and 3.12.
  [/^PyObject_IS_GC$/, 0x80],
];
/** Names kept of a program, and programs: one that makes code as it goes would fill the tables. */
const MOST_NAMES = 5_000;

/** A program or library that frames lie in. */
interface CodeObject {
  readonly names: Names | undefined;
  readonly green: number;
  /** What its symbols are, as far as they were met. */
  readonly known: Map<string, Row>;
}

/** Sorts frames; remembers what each name is, since stacks repeat them. */
export class FrameKinds {
  readonly #objects = new Map<string, CodeObject>();

  of({ symbol, object, offset }: Frame): number {
    const code = this.#objects.get(object) ?? this.#meet(object);
    const [, kind, limit] = code.known.get(symbol) ?? this.#name(code, symbol);
    if (limit === undefined && kind !== 0) return kind | code.green;
    if (limit !== undefined && offset < limit) return kind | code.green;
    const collector =
      code.names === RUNTIMES[0] && NEIGHBOURS.some(([pattern, from]) => offset >= from && pattern.test(symbol));
    return (collector ? MAY_COLLECT : 0) | code.green;
  }

  #meet(object: string): CodeObject {
    if (this.#objects.size >= MOST_NAMES) this.#objects.clear();
    const file = object.slice(object.lastIndexOf('/') + 1);
    const names = RUNTIMES.find((runtime) => runtime.object.test(file));
    const made = { names, green: GREEN_LIBRARY.test(object) ? GREEN : 0, known: new Map<string, Row>() };
    this.#objects.set(object, made);
    return made;
  }

  #name({ names, known }: CodeObject, symbol: string): Row {
    if (known.size >= MOST_NAMES) known.clear();
    const found = [GREENLET_START, ...(names?.rows ?? [])].find(([pattern]) => pattern.test(symbol)) ?? NOTHING;
    known.set(symbol, found);
    return found;
  }
}
