import type { Choice } from './choices';
import type { Job } from './job-draft';
import { Bar, BASE, Due } from './policy-pictures';

const DOWN = (
  <>
    <rect x="22" y="2" width="56" height="27" fill="var(--rest-soft)" />
    <path d="M22 2v27M78 2v27" stroke="var(--line-strong)" strokeDasharray="2 2" />
  </>
);

export const MISFIRES: readonly Choice<Job['misfire']['policy']>[] = [
  {
    value: 'runLast',
    word: 'Run the last one',
    text: 'One run stands for all that were missed.',
    picture: (
      <>
        {DOWN}
        {BASE}
        <Due at={10} />
        <Due at={34} missed />
        <Due at={50} missed />
        <Due at={66} />
        <Due at={104} />
        <Bar x={10} w={9} />
        <Bar x={80} w={9} />
        <Bar x={104} w={9} />
      </>
    ),
  },
  {
    value: 'runAll',
    word: 'Run all',
    text: 'Each that was missed, oldest first.',
    picture: (
      <>
        {DOWN}
        {BASE}
        <Due at={10} />
        <Due at={34} />
        <Due at={50} />
        <Due at={66} />
        <Due at={108} />
        <Bar x={10} w={9} />
        <Bar x={80} w={7} />
        <Bar x={89} w={7} />
        <Bar x={98} w={7} />
        <Bar x={108} w={9} />
      </>
    ),
  },
  {
    value: 'skip',
    word: 'Skip',
    text: 'Recorded as skipped; goes on from now.',
    picture: (
      <>
        {DOWN}
        {BASE}
        <Due at={10} />
        <Due at={34} missed />
        <Due at={50} missed />
        <Due at={66} missed />
        <Due at={104} />
        <Bar x={10} w={9} />
        <Bar x={104} w={9} />
      </>
    ),
  },
];
