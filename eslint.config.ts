/** What review need not look for: correctness rules with types, Vue's own, and the doors between the folders. */
import { defineConfig, globalIgnores } from 'eslint/config'
import vue from 'eslint-plugin-vue'
import ts from 'typescript-eslint'
import { doors } from './scripts/eslint/doors.mjs'

export default defineConfig(
  globalIgnores(['out/', '**/dist/', 'node_modules/', '.cache/', 'test-results/', '**/*.d.ts']),

  ts.configs.recommended,
  vue.configs['flat/recommended'],

  {
    plugins: { house: { rules: { doors } } },
    rules: {
      'house/doors': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        { name: 'alert', message: 'Say it in the window.' },
        { name: 'confirm', message: 'Ask in a dialog of the window.' },
      ],
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false }],
    },
  },

  // Forgotten promises are this house's commonest way to lose an error; only the compiler can see them.
  {
    files: ['client/**/*.ts', 'main/**/*.ts', 'preload/**/*.ts', 'server/**/*.ts', 'words/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false, properties: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
    },
  },

  // What a caller names goes through the judge of connections; these speak to addresses that only the operator or this program names.
  {
    files: ['server/**/*.ts'],
    ignores: [
      'server/http/egress-fetch.ts',
      'server/bots/pairing/demo.ts',
      'server/browsers/chromium/install.ts',
      'server/sign-in-link.ts',
      'server/command-line.ts',
    ],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Use createEgressFetch: what others name is judged when it is connected to.' },
        { name: 'WebSocket', message: 'Nothing judges where it goes.' },
      ],
    },
  },

  {
    files: ['renderer/**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: {
      'vue/multi-word-component-names': 'off',
      // Layout is a matter of the editor, not of review.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      'vue/html-quotes': 'off',
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-emits-declaration': 'error',
      'vue/define-props-declaration': 'error',
      // The parser does not know the names that TypeScript provides; the compiler does.
      'no-undef': 'off',
    },
  },

  // Small stand-ins beside the test that mounts them.
  { files: ['test/renderer/**'], rules: { 'vue/one-component-per-file': 'off' } },

  // These talk to a person at a terminal.
  { files: ['examples/**', 'scripts/**', 'server/cli.ts', 'test/**'], rules: { 'no-console': 'off' } },
)
